/* One block on its way through memory: uploads, updates that copy from the old place, removals, on a copy queue that executes
   late; src/pool/pool_step.cpp, src/pool/relocation.cpp. Frames draw on a second queue. Copy number v makes version v.
   LOSS 1: the device may be lost at any time. Nothing executes any more, and every value counts as completed.
   BUG 1 a place is published before its copy is complete
   BUG 2 submissions do not wait for the copies on the device
   BUG 3 the source and the destination of a copy that is not complete retire without the copy queue's value
   BUG 4 (LOSS) the writer asks whether the device is lost before it asks how far the queues are
   BUG 5 (LOSS) the block stays Resident when the device is lost
   BUG 6 (LOSS) values do not count as completed when the device is lost */
#ifndef BUG
#define BUG 0
#endif
#ifndef LOSS
#define LOSS 0
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

/* The copy queue and the draw queue. */
byte copies = 0, copied = 0;
byte copyFrom[COPIES+1]; byte copyVersion[COPIES+1];    /* the source and what it holds */
byte copyTo[COPIES+1];
byte draws = 0, drawn = 0, drawTag = 0;
byte drawRange[R+1]; byte drawVersion[R+1]; byte drawWait[R+1];
byte framesEnded = 0;
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
inline drawStep() {
  assert(drawRange[d]==NONE || (!rangeFree[drawRange[d]] && holds[drawRange[d]]==drawVersion[d]));
  assert(drawRange[d]==NONE || drawWait[d]>=drawVersion[d])
}

active proctype DrawQueue() {
  byte d = 1;
  do
  :: atomic { !lost && d<=draws && copied>=drawWait[d] -> drawStep() };
     if
     :: atomic { !lost -> drawStep(); drawn = d; d++ }
     :: lost -> break
     fi
  :: lost || (framesEnded==R && drawn==draws) -> break
  od
}

active [R] proctype Frame() {
  byte s, r, v = 0;
  beginFrame(s);
  atomic {
    r = slotRange[s%K];
    assert(slotSnap[s%K]==s && (r==NONE || (!rangeFree[r] && holds[r]==slotVersion[s%K])));
    assert(r==NONE || s<nothingFrom)
  };
  if
  :: atomic {
       draws++; v = draws;
       drawRange[v] = r; drawVersion[v] = slotVersion[s%K];
#if BUG!=2
       drawWait[v] = slotVersion[s%K]
#endif
     }
  :: skip
  fi;
  atomic { if :: v>drawTag -> drawTag = v :: else fi; pins[s%K] = pins[s%K]-1; framesEnded++ }
}

#if LOSS
active proctype Loss() {
  if :: lost = true :: skip fi
}
#endif

#if BUG==6
#define far(value) value
#else
#define far(value) (lost -> EVERYTHING : value)
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
  seenCopy = far(copied);
  seenDraw = far(drawn);
#if BUG!=4
  seenLost = lost;
#endif
  atomic {
#if LOSS
    if
    :: seenLost && nothingFrom==EVERYTHING ->
       nothingFrom = published+1;
#if BUG!=5
       dropBlock()
#endif
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
       if :: last<oldest -> named?x,last,value; used!x,drawTag,value :: else -> break fi
    :: empty(named) -> break
    od;
    do
    :: nempty(used) ->
       used?<x,last,value>;
       if :: seenDraw>=last && seenCopy>=value -> used?x,last,value; rangeFree[x] = true :: else -> break fi
    :: empty(used) -> break
    od;
    d_step { i = 0; oldest = 0; x = 0; last = 0; value = 0 }
  }
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
  byte seenCopy = 0, seenDraw = 0;
  byte i, oldest, x, last, value;
  bool changed = false, seenLost = false;
  chan named = [RANGES] of { byte, byte, byte };    /* range, last snapshot, copy value */
  chan used = [RANGES] of { byte, byte, byte };     /* range, draw value, copy value */
  bool closing = false;
  do
  :: step(); if :: closing -> break :: else fi
  :: changed -> publish()
  :: !seenLost && running==0 && copies<COPIES && (rangeFree[0] || rangeFree[1] || rangeFree[2]) -> start()
  :: !seenLost && (running>0 || place!=NONE) -> atomic { dropBlock() }
  :: framesEnded==R && (lost || (copied==copies && drawn==draws)) && (seenLost || copies==COPIES) &&
     running==0 && place==NONE && !changed -> closing = true
  od;
  /* When everybody is through, one step gives back all memory. */
  assert(rangeFree[0] && rangeFree[1] && rangeFree[2]);
  finished = true
}
