/* Shared objects and the instruction queue: any thread tells the geometry thread what to do with an object, and any thread may
   drop the last reference; src/frame/instruction_queue.cpp, src/frame/drop_list.cpp. No snapshot names an object: it waits for
   the serials of frames. A frame records it through a counted reference of its thread, which may be gone before the frame ends.
   An instruction names the object, and may hold a reference of its own until it is executed. Nothing is published.
   QUEUES 2: each instruction starts a copy that uses the object, on the copy queue.
   LOSS 1: the device may be lost at any time. Nothing executes any more, and every value counts as completed.
   BUG 1 the drop list is taken after the queue was drained
   BUG 2 drops are executed although the queue was not seen empty
   BUG 3 stage 1 asks for snapshots only: open frames are not waited for
   BUG 4 tags are sampled when the drop is executed, not when stage 1 passes
   BUG 5 a drop decrements, and then looks at what is left: two are the last
   BUG 6 a drop reads the count, and then writes one less: none is the last
   BUG 7 the instruction that was carried over is executed after those behind it
   BUG 8 drops that were kept are forgotten when the list is taken again
   BUG 9 (QUEUES 2) the copy queue's value is forgotten
   BUG 10 (LOSS) values do not count as completed when the device is lost */
#ifndef BUG
#define BUG 0
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef LOSS
#define LOSS 0
#endif
#define R 2             /* threads, each with a reference from the start */
#ifndef USES
#define USES 1          /* frames of each */
#endif
#ifndef TELLS
#define TELLS 1         /* instructions of each */
#endif
#ifndef DRAINS
#define DRAINS 2        /* while the threads run; two more when they are through */
#endif

byte references = R;
byte listed = 0;                /* times that the object is on the drop list */
byte epoch = 0;
mtype = { other, names, holds };
chan queue[R] = [TELLS] of { byte, byte, mtype };       /* epoch, number, what it has to do with the object */

/* The gate: the newest serial, those of open frames (0: none), the tag of the draw queue. */
byte newest = 0, tag = 0;
byte open[R];

byte draws = 0, drawn = 0, copies = 0, copied = 0;
byte through = 0;
bool lost = false, finished = false;

/* What the truth is, for the assertions alone. */
byte recording = 0;             /* open frames that recorded the object */
byte lastDraw = 0;              /* that uses it */
byte destroyed = 0;

inline release() {
#if BUG==5
  references--; left = references;
#elif BUG==6
  left = references-1; references = left;
#else
  atomic { references--; left = references };
#endif
  if :: left==0 -> listed++ :: else fi;
  left = 0
}

active [R] proctype Thread() {
  byte begun = 0, told = 0, v = 0, left, stamp;
  bool holding = true, recorded = false;
  mtype kind = other;
  do
  :: atomic { open[_pid]==0 && begun<USES -> newest++; open[_pid] = newest; begun++ }
  :: atomic { open[_pid]>0 && holding && !recorded -> assert(destroyed==0); recorded = true; recording++ }
  :: atomic { recorded && v==0 -> draws++; v = draws; lastDraw = v }
  :: atomic { open[_pid]>0 ->
       if :: v>tag -> tag = v :: else fi;
       v = 0; open[_pid] = 0;
       recording = recording-recorded; recorded = false
     }
  :: told<TELLS ->
     if :: holding -> kind = names :: atomic { holding -> kind = holds; references++ } :: !holding fi;
     stamp = epoch;
     atomic { told++; queue[_pid]!stamp,told,kind; kind = other; stamp = 0 }
  :: holding -> holding = false; release()
  :: atomic { !holding && open[_pid]==0 -> through++; break }
  od
}

active proctype DrawQueue() {
  do
  :: atomic { !lost && drawn<draws -> drawn++ }
  :: lost || (through==R && drawn==draws) -> break
  od
}

#if QUEUES==2
active proctype CopyQueue() {
  do
  :: atomic { !lost && copied<copies -> copied++ }
  :: lost || (finished && copied==copies) -> break
  od
}
#endif

#if LOSS
active proctype Loss() {
  if :: lost = true :: skip fi
}
#endif

#if BUG==8
#define takeDrops() atomic { taken = listed; listed = 0 }
#else
#define takeDrops() atomic { taken = taken+listed; listed = 0 }
#endif

inline execute() {
  atomic {
    assert(number==executed[from]+1);
    executed[from] = number;
    if :: kind!=other -> assert(!dropped); copies = copies+QUEUES-1 :: else fi;
    number = 0; from = 0; stamp = 0
  };
  if :: kind==holds -> release() :: else fi;
  kind = other
}

inline executeCarried() {
  if
  :: carried>0 -> d_step { number = carried; from = carriedFrom; kind = carriedKind; carried = 0; carriedFrom = 0; carriedKind = other }; execute()
  :: else
  fi
}

inline drain() {
#if BUG!=1
  takeDrops();
#endif
  epoch++;
#if BUG!=7
  executeCarried();
#endif
  do
  :: atomic {
       if :: queue[0]?stamp,number,kind -> from = 0 :: queue[1]?stamp,number,kind -> from = 1 fi;
       if :: stamp==epoch -> carried = number; carriedFrom = from; carriedKind = kind; break :: else fi
     };
     execute()
  :: empty(queue[0]) -> if :: empty(queue[1]) -> seenEmpty = true; break :: nempty(queue[1]) fi
  od;
  atomic { stamp = 0; number = 0; from = 0; kind = other };
#if BUG==7
  if :: seenEmpty -> executeCarried() :: else fi;
#endif
#if BUG==1
  takeDrops();
#endif
  atomic {
    if
#if BUG==2
    :: taken>0 ->
#else
    :: taken>0 && seenEmpty ->
#endif
       waiting = waiting+taken; taken = 0; last = newest; copyUse = copies; dropped = true;
#if BUG==4
       use = tag
#endif
    :: else
    fi;
    seenEmpty = false
  }
}

/* How far the queues are. */
#if BUG==10
#define reached(done) (done)
#else
#define reached(done) (lost || (done))
#endif
#if BUG==9
#define copyReached true
#else
#define copyReached reached(copied>=copyUse)
#endif

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
       use = tag
#endif
    :: else
    fi
  };
  atomic {
    if
    :: used>0 && reached(drawn>=use) && copyReached ->
       destroyed = destroyed+used; used = 0; use = 0;
       assert(destroyed<2);
       assert(recording==0);
       assert(lost || drawn>=lastDraw);
       assert(lost || copied==copies)
    :: else
    fi
  }
}

#define quiet (through==R && (lost || (drawn==draws && copied==copies)))

active proctype Geometry() {
  byte drains = 0, left, stamp, number, from;
  mtype kind = other;
  bool seenEmpty = false, closing = false;
  byte carried = 0, carriedFrom = 0; mtype carriedKind = other;
  byte executed[R];
  bool dropped = false;
  byte taken = 0;                                   /* drops that were taken and are not executed */
  byte waiting = 0, last = 0;                       /* stage 1: until frames up to this serial have ended */
  byte used = 0, use = 0, copyUse = 0;              /* stage 2: until the queues have reached these values */
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
  assert(destroyed==1);
  finished = true
}
