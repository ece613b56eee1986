/* Things whose last counted handle is dropped on any thread, and instructions from any thread; src/frame/drop_list.cpp,
   src/frame/instruction_queue.hpp, src/pool/pool_instructions.cpp. One thing, which no snapshot names: it waits for the serials
   of frames. A frame records it through a handle of its thread, which may be gone before the frame ends. An instruction says
   something about it, and may bring a handle along. Nothing is published.
   QUEUES 2: every submission goes to one of two queues.
   LOSS 1: the device may be lost at any time. Nothing executes any more, and every value counts as completed.
   BUG 1 the drops are taken after the drain
   BUG 2 the drops are carried out before the drain
   BUG 3 stage 1 asks for snapshots alone: no open frame is waited for
   BUG 4 tags are sampled when the drop is carried out, not when stage 1 passes
   BUG 5 a drop decrements, and then looks at what is left: two are the last
   BUG 6 a drop reads the count, and then writes one less: none is the last
   BUG 7 instructions that came early are run after those behind them
   BUG 8 the tag of the last queue is forgotten
   BUG 9 (LOSS) values do not count as completed when the device is lost */
#ifndef BUG
#define BUG 0
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef LOSS
#define LOSS 0
#endif
#define R 2             /* threads, each with a handle from the start */
#ifndef USES
#define USES 1          /* frames of each */
#endif
#ifndef TELLS
#define TELLS 1         /* instructions of each */
#endif
#ifndef DRAINS
#define DRAINS 2        /* while the threads run; two more when they are through */
#endif

byte handles = R;
byte listed = 0;                /* times that the thing is on the drop list */
byte epoch = 0;
mtype = { other, about, brings };
chan queue[R] = [TELLS] of { byte, byte, mtype };       /* epoch, number, what it has to do with the thing */

/* The gate: the newest serial, those of open frames (0: none), the tags. */
byte newest = 0;
byte open[R];
byte tag[QUEUES];

byte submitted[QUEUES]; byte completed[QUEUES];
byte through = 0;
bool lost = false;

/* What the truth is, for the assertions alone. */
byte recording = 0;             /* open frames that recorded the thing */
byte lastUse[QUEUES];           /* of it, by submissions */
byte destroyed = 0;

#if QUEUES==1
#define anyQueue(q) q = 0
#define all(a, b) (a[0]>=b[0])
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#define all(a, b) (a[0]>=b[0] && a[1]>=b[1])
#endif

inline drop() {
#if BUG==5
  handles--; left = handles;
#elif BUG==6
  left = handles-1; handles = left;
#else
  atomic { handles--; left = handles };
#endif
  if :: left==0 -> listed++ :: else fi;
  left = 0
}

active [R] proctype Thread() {
  byte begun = 0, told = 0, v = 0, q = 0, left = 0, stamp = 0;
  bool holding = true, recorded = false;
  mtype kind = other;
  do
  :: atomic { open[_pid]==0 && begun<USES -> newest++; open[_pid] = newest; begun++ }
  :: atomic { open[_pid]>0 && holding && !recorded -> assert(destroyed==0); recorded = true; recording++ }
  :: atomic { recorded && v==0 -> anyQueue(q); submitted[q]++; v = submitted[q]; lastUse[q] = v }
  :: atomic { open[_pid]>0 ->
       if :: v>tag[q] -> tag[q] = v :: else fi;
       open[_pid] = 0; v = 0; q = 0;
       recording = recording-recorded; recorded = false
     }
  :: told<TELLS ->
     if :: holding -> kind = about :: atomic { holding -> kind = brings; handles++ } :: !holding fi;
     stamp = epoch;
     atomic { told++; queue[_pid]!stamp,told,kind; kind = other; stamp = 0 }
  :: holding -> holding = false; drop()
  :: atomic { !holding && open[_pid]==0 -> through++; break }
  od
}

active [QUEUES] proctype Queue() {
  do
  :: atomic { !lost && completed[_pid-R]<submitted[_pid-R] -> completed[_pid-R]++ }
  :: lost || (through==R && completed[_pid-R]==submitted[_pid-R]) -> break
  od
}

#if LOSS
active proctype Loss() {
  if :: lost = true :: skip fi
}
#endif

#define takeDrops() atomic { taken = listed; listed = 0 }

inline carryOut() {
  atomic {
    assert(number==ran[from]+1);
    assert(kind==other || !dropped);
    ran[from] = number; number = 0; from = 0; stamp = 0
  };
  if :: kind==brings -> drop() :: else fi;
  kind = other
}

#if BUG==8
#define sample() use[0] = tag[0]
#else
#define sample() use[0] = tag[0]; use[QUEUES-1] = tag[QUEUES-1]
#endif
#if BUG==9
#define reached all(completed, use)
#else
#define reached (lost || all(completed, use))
#endif

/* What came early in the last drain goes first. */
#if BUG==7
#define earlyTurn (earlier>0 && empty(queue[0]) && empty(queue[1]))
#define queueTurn true
#else
#define earlyTurn earlier>0
#define queueTurn earlier==0
#endif

inline carryOutDrops() {
  atomic {
    if
    :: taken>0 ->
       waiting = waiting+taken; taken = 0; last = newest; dropped = true;
#if BUG==4
       sample()
#endif
    :: else
    fi
  }
}

inline drain() {
#if BUG!=1
  takeDrops();
#endif
#if BUG==2
  carryOutDrops();
#endif
  atomic { epoch++; earlier = len(early) };
  do
  :: atomic { earlyTurn -> early?from,number,kind; earlier-- }; carryOut()
  :: atomic {
       queueTurn && (nempty(queue[0]) || nempty(queue[1])) ->
       if :: queue[0]?stamp,number,kind -> from = 0 :: queue[1]?stamp,number,kind -> from = 1 fi;
       if
       :: stamp==epoch -> early!from,number,kind; number = 0; from = 0; stamp = 0; kind = other
       :: else
       fi
     };
     if :: number>0 -> carryOut() :: else fi
  :: queueTurn && empty(queue[0]) -> if :: empty(queue[1]) -> break :: nempty(queue[1]) fi
  od;
#if BUG==1
  takeDrops();
#endif
#if BUG!=2
  carryOutDrops()
#endif
}

inline reclaim() {
  atomic {
    if
#if BUG==3
    :: waiting>0 ->
#else
    :: waiting>0 && (open[0]==0 || open[0]>last) && (open[1]==0 || open[1]>last) ->
#endif
       used = used+waiting; waiting = 0; last = 0;
#if BUG!=4
       sample()
#endif
    :: else
    fi
  };
  atomic {
    if
    :: used>0 && reached ->
       destroyed = destroyed+used; used = 0; use[0] = 0; use[QUEUES-1] = 0;
       assert(destroyed<2);
       assert(recording==0);
       assert(lost || all(completed, lastUse))
    :: else
    fi
  }
}

#define quiet (through==R && (lost || all(completed, submitted)))

active proctype Geometry() {
  byte drains = 0, left = 0, stamp = 0, number = 0, from = 0, earlier = 0;
  mtype kind = other;
  bool closing = false;
  chan early = [R*TELLS] of { byte, byte, mtype };  /* pushed while a drain ran: thread, number, kind */
  byte ran[R];                                      /* instructions, by thread */
  bool dropped = false;
  byte taken = 0;                                   /* drops, until they are carried out */
  byte waiting = 0, last = 0;                       /* stage 1: until frames up to this serial have ended */
  byte used = 0; byte use[QUEUES];                  /* stage 2: until the queues have reached these values */
  do
  :: if
     :: drains<DRAINS || (quiet && drains<DRAINS+2) -> drains++; drain()
     :: waiting+used>0 || closing -> skip
     fi;
     reclaim();
     if :: closing -> break :: else fi
  :: !closing && drains==DRAINS+2 && quiet -> closing = true
  od;
  /* When everybody is through, two drains see to all that was dropped: the second, to what the first has dropped. */
  assert(destroyed==1)
}
