/* One block on its way through memory: uploads, updates that copy from the old place, removals, on a copy queue that executes
   late; src/pool/pool_step.cpp, src/pool/relocation.cpp. Frames draw on other queues. Copy number v makes version v.
   QUEUES 2: every draw goes to one of two draw queues.
   HELD 1: a frame may stay open for ever. With K 2 one such frame defers publishes for good.
   LOSS 1: the device may be lost at any time. Nothing executes any more, and the device may answer any value that it is asked
   for; from the step that sees the loss every value counts as completed.
   BUG 1 a place is published before its copy is complete
   BUG 2 submissions do not wait for the copies on the device
   BUG 3 the source and the destination of a copy that is not complete retire without the copy queue's value
   BUG 4 (LOSS) the writer asks whether the device is lost before it asks how far the queues are
   BUG 5 (LOSS) the block stays Resident when the device is lost
   BUG 6 (LOSS) values do not count as completed when the device is lost
   BUG 7 (LOSS) only the copy queue's values do
   BUG 8 (LOSS) steps after the one that sees the loss return at once */
#ifndef BUG
#define BUG 0
#endif
#ifndef LOSS
#define LOSS 0
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef HELD
#define HELD 0
#endif
#ifndef R
#define R 2             /* frames, each on a thread of its own */
#endif
#ifndef COPIES
#define COPIES 3        /* that the geometry thread starts */
#endif
#define RANGES 3
#include "gate.pml"

#define NONE 255
#define TORN 254
#define EVERYTHING 200

bool rangeFree[RANGES] = true;
byte holds[RANGES];             /* the version of the bytes in a range */

/* By slot: where its snapshot says that the block is, and in which version. That is also the copy that frames wait for. */
byte slotRange[K] = NONE;
byte slotVersion[K];

/* The copy queue and the draw queues; a draw's data by queue and value. */
byte copies = 0, copied = 0;
byte copyFrom[COPIES+1]; byte copyVersion[COPIES+1];    /* the source and what it holds */
byte copyTo[COPIES+1];
byte draws[QUEUES]; byte drawn[QUEUES]; byte drawTag[QUEUES];
byte drawRange[QUEUES*(R+1)]; byte drawVersion[QUEUES*(R+1)]; byte drawWait[QUEUES*(R+1)];
byte framesEnded = 0, held = 0;                         /* frames that are through; that stay open for ever */
bool lost = false, finished = false;
byte nothingFrom = EVERYTHING;  /* from this snapshot on nothing may be named, because the device is lost */

inline copyStep() {
  assert(!rangeFree[copyTo[v]]);
  assert(copyFrom[v]==NONE || (!rangeFree[copyFrom[v]] && holds[copyFrom[v]]==copyVersion[v]))
}

active proctype CopyQueue() {
  byte v = 1;
  do
  :: atomic { !lost && v<=copies -> copyStep(); holds[copyTo[v]] = TORN };
     if
     :: atomic { !lost -> copyStep(); holds[copyTo[v]] = v; copied = v; v++ }
     :: lost -> break
     fi
  :: lost || (finished && copied==copies) -> break
  od
}

/* What the device reads is there, is what the snapshot said, and was made visible by the wait. */
#define draw(q, value) ((q)*(R+1)+(value))
inline drawStep() {
  assert(drawRange[draw(q, d)]==NONE || (!rangeFree[drawRange[draw(q, d)]] && holds[drawRange[draw(q, d)]]==drawVersion[draw(q, d)]));
  assert(drawRange[draw(q, d)]==NONE || drawWait[draw(q, d)]>=drawVersion[draw(q, d)])
}

active [QUEUES] proctype DrawQueue() {
  byte d = 1, q = _pid-1;
  do
  :: atomic { !lost && d<=draws[q] && copied>=drawWait[draw(q, d)] -> drawStep() };
     if
     :: atomic { !lost -> drawStep(); drawn[q] = d; d++ }
     :: lost -> break
     fi
  :: lost || (framesEnded+held==R && drawn[q]==draws[q]) -> break
  od
}

#if QUEUES==1
#define anyQueue(q) q = 0
#define allDrawn drawn[0]==draws[0]
#define drawTags drawTag[0],0
#define drawnTo(a, b) seenDraw[0]>=a
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#define allDrawn drawn[0]==draws[0] && drawn[1]==draws[1]
#define drawTags drawTag[0],drawTag[1]
#define drawnTo(a, b) seenDraw[0]>=a && seenDraw[1]>=b
#endif

active [R] proctype Frame() {
  byte s, r, v = 0, q = 0;
  beginFrame(s);
  atomic {
    r = slotRange[s%K];
    assert(slotSnap[s%K]==s && (r==NONE || (!rangeFree[r] && holds[r]==slotVersion[s%K])));
    assert(r==NONE || s<nothingFrom)
  };
  if
  :: atomic {
       anyQueue(q);
       draws[q]++; v = draws[q];
       drawRange[draw(q, v)] = r; drawVersion[draw(q, v)] = slotVersion[s%K];
#if BUG!=2
       drawWait[draw(q, v)] = slotVersion[s%K]
#endif
     }
  :: skip
#if HELD
  :: atomic { held++; goto endHeld }
#endif
  fi;
  atomic { if :: v>drawTag[q] -> drawTag[q] = v :: else fi; pins[s%K] = pins[s%K]-1; framesEnded++; goto over }
#if HELD
endHeld: false;
#endif
over: skip
}

#if LOSS
active proctype Loss() {
  if :: lost = true :: skip fi
}
#endif

/* A lost device may answer anything. */
#if LOSS
#define ask(seen, value) if :: seen = value :: lost -> seen = EVERYTHING fi
#else
#define ask(seen, value) seen = value
#endif
#if BUG==3
#define lastCopy 0
#else
#define lastCopy copies
#endif

inline retire(range) { named!range,published,lastCopy }

inline dropBlock() {
  if :: running>0 -> retire(to); d_step { running = 0; changed = true } :: else fi;
  if :: place!=NONE -> retire(place); d_step { place = NONE; changed = true } :: else fi
}

inline step() {
#if BUG==4
  seenLost = lost;
#endif
  ask(seenCopy, copied);
  ask(seenDraw[0], drawn[0]);
#if QUEUES==2
  ask(seenDraw[1], drawn[1]);
#endif
#if BUG!=4
  seenLost = lost;
#endif
  atomic {
#if BUG==8
    if :: seenLost && nothingFrom!=EVERYTHING -> goto stepped :: else fi;
#endif
#if LOSS
    if
    :: seenLost ->
#if BUG!=6
       seenCopy = EVERYTHING;
#if BUG!=7
       seenDraw[0] = EVERYTHING; seenDraw[QUEUES-1] = EVERYTHING;
#endif
#endif
       if :: nothingFrom==EVERYTHING ->
          nothingFrom = published+1;
#if BUG!=5
          dropBlock()
#endif
       :: else
       fi
    :: else
    fi;
#endif
    if
#if BUG==1
    :: running>0 && !seenLost ->
#else
    :: running>0 && !seenLost && seenCopy>=running ->
#endif
       if :: place!=NONE -> retire(place) :: else fi;
       d_step { place = to; version = running; changed = true; running = 0 }
    :: else
    fi;
    oldestOpen(oldest, i);
    do
    :: nempty(named) ->
       named?<x,last,value>;
       if :: last<oldest -> named?x,last,value; used!x,drawTags,value :: else -> break fi
    :: empty(named) -> break
    od;
    do
    :: nempty(used) ->
       used?<x,last,other,value>;
       if :: drawnTo(last, other) && seenCopy>=value -> used?x,last,other,value; rangeFree[x] = true :: else -> break fi
    :: empty(used) -> break
    od;
    d_step { i = 0; oldest = 0; x = 0; last = 0; other = 0; value = 0 }
  };
#if BUG==8
stepped: skip
#endif
}

inline publish() {
  if
  :: atomic { pins[(published+1)%K]==0 ->
       slotRange[(published+1)%K] = place; slotVersion[(published+1)%K] = version };
     atomic { slotSnap[(published+1)%K] = published+1; published++; changed = false }
  :: else
  fi
}

/* An upload, or an update that reads the old place; to the first free range, so that what comes free is used soon. */
inline start() {
  atomic {
    to = 0;
    do :: !rangeFree[to] -> to++ :: else -> break od;
    d_step {
      rangeFree[to] = false;
      copies++; copyFrom[copies] = place; copyVersion[copies] = version; copyTo[copies] = to;
      running = copies
    }
  }
}

active proctype Writer() {
  byte place = NONE, version = 0, to = 0, running = 0;   /* the block, and the copy that runs for it */
  byte seenCopy = 0; byte seenDraw[QUEUES];
  byte i, oldest, x, last, other, value;
  bool changed = false, seenLost = false;
  chan named = [RANGES] of { byte, byte, byte };    /* range, last snapshot, copy value */
  chan used = [RANGES] of { byte, byte, byte, byte };   /* range, draw values, copy value */
  bool closing = false;
  do
  :: step(); if :: closing -> break :: else fi
  :: changed -> publish()
  :: !seenLost && running==0 && copies<COPIES && (rangeFree[0] || rangeFree[1] || rangeFree[2]) -> start()
  :: !seenLost && (running>0 || place!=NONE) -> atomic { dropBlock() }
  :: framesEnded+held==R && (lost || (copied==copies && allDrawn)) && (seenLost || held>0 || copies==COPIES) &&
     running==0 && place==NONE && (!changed || (held>0 && pins[(published+1)%K]>0)) -> closing = true
  od;
  /* When everybody is through, one step gives back all memory, but for what a frame may still name. */
  assert(held>0 || (rangeFree[0] && rangeFree[1] && rangeFree[2]));
  assert(empty(used));
  finished = true
}
