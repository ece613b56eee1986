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
#define reads drawRange[draw(q, d)]
inline drawStep() {
  assert(reads==NONE || (!rangeFree[reads] && holds[reads]==drawVersion[draw(q, d)]));
  assert(reads==NONE || drawWait[draw(q, d)]>=drawVersion[draw(q, d)])
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
#define drawnTo(r) seenDraw[0]>=useDraw[r]
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#define allDrawn drawn[0]==draws[0] && drawn[1]==draws[1]
#define drawnTo(r) seenDraw[0]>=useDraw[r] && seenDraw[1]>=useDraw[RANGES+r]
#endif

active [R] proctype Frame() {
  byte s, snap, r, v = 0, q = 0;
  beginFrame(s, snap);
  atomic {
    r = slotRange[s];
    assert(slotSnap[s]==snap && (r==NONE || (!rangeFree[r] && holds[r]==slotVersion[s])));
    assert(r==NONE || snap<nothingFrom)
  };
  if
  :: atomic {
       anyQueue(q);
       draws[q]++; v = draws[q];
       drawRange[draw(q, v)] = r; drawVersion[draw(q, v)] = slotVersion[s];
#if BUG!=2
       drawWait[draw(q, v)] = slotVersion[s]
#endif
     }
  :: skip
#if HELD
  :: atomic { held++; goto endHeld }
#endif
  fi;
  atomic { if :: v>drawTag[q] -> drawTag[q] = v :: else fi; pins[s] = pins[s]-1; framesEnded++; goto over }
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

/* Snapshots from..published named the range; after published: none did. */
inline retire(range, from) { stage[range] = 1; first[range] = from; last[range] = published; useCopy[range] = lastCopy }

inline dropBlock() {
  d_step {
    if :: running>0 -> retire(to, published+1); running = 0; changed = true :: else fi;
    if :: place!=NONE -> retire(place, placeFirst); place = NONE; changed = true :: else fi
  }
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
#else
          skip
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
       d_step {
         if :: place!=NONE -> retire(place, placeFirst) :: else fi;
         place = to; placeFirst = published+1; version = running; changed = true; running = 0
       }
    :: else
    fi;
    d_step {
      i = 0;
      do
      :: i<RANGES ->
         if
         :: stage[i]==1 && (first[i]>last[i] || closed(first[i], last[i])) ->
            stage[i] = 2; first[i] = 0; last[i] = 0;
            useDraw[i] = drawTag[0];
#if QUEUES==2
            useDraw[RANGES+i] = drawTag[1]
#endif
         :: else
         fi;
         if
         :: stage[i]==2 && drawnTo(i) && seenCopy>=useCopy[i] ->
            stage[i] = 0; rangeFree[i] = true; useCopy[i] = 0;
            useDraw[i] = 0; useDraw[(QUEUES-1)*RANGES+i] = 0
         :: else
         fi;
         i++
      :: else -> i = 0; break
      od
    }
  };
#if BUG==8
stepped: skip
#endif
}

inline publish() {
  atomic {
    i = freeSlot;
    if :: i<K -> slotRange[i] = place; slotVersion[i] = version :: else fi
  };
  atomic {
    if :: i<K -> published++; slotSnap[i] = published; publishedSlot = i; changed = false :: else fi;
    i = 0
  }
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
  byte i = 0, placeFirst = 0;
  bool changed = false, seenLost = false;
  byte stage[RANGES];                                    /* of retirement */
  byte first[RANGES]; byte last[RANGES];                 /* the snapshots that named it */
  byte useDraw[QUEUES*RANGES]; byte useCopy[RANGES];     /* the values that it waits for */
  bool closing = false;
  do
  :: step(); if :: closing -> break :: else fi
  :: changed -> publish()
  :: !seenLost && !closing && running==0 && copies<COPIES && (rangeFree[0] || rangeFree[1] || rangeFree[2]) -> start()
  :: !seenLost && (running>0 || place!=NONE) -> dropBlock()
  :: framesEnded+held==R && (lost || (copied==copies && allDrawn)) && (seenLost || held>0 || copies==COPIES) &&
     running==0 && place==NONE && (!changed || (held>0 && freeSlot==K)) -> closing = true
  od;
  /* When everybody is through, one step gives back all memory, but for what a frame may still name. */
  assert(held>0 || (rangeFree[0] && rangeFree[1] && rangeFree[2]));
  assert(stage[0]<2 && stage[1]<2 && stage[2]<2);
  finished = true
}
