/* The snapshot ring: change lists, replay, deferred publishes; src/frame/snapshot_ring.cpp. Each change gives a record a new
   range, so that one flag a range says whether it has come free. A frame may stay open for ever.
   BUG 1 a deferred publish clears the changes
   BUG 2 a slot that is pinned is not told what changed
   BUG 3 the writer waits until a slot is free
   BUG 4 stage 1 looks at pins only: a frame may still begin to see the published snapshot
   BUG 5 stage 1 looks at the last snapshot that named a range, not at those before
   BUG 6 slots are brought forward whether they are free or not */
#ifndef BUG
#define BUG 0
#endif
#ifndef R
#define R 2             /* threads that begin frames */
#endif
#ifndef USES
#define USES 2          /* frames of each */
#endif
#ifndef CHANGES
#define CHANGES 4
#endif
#define K 3
#define RECORDS 2
#include "gate.pml"

byte master[RECORDS];           /* the range that a record names; 0: none yet */
byte slots[K*RECORDS];          /* by slot and record */
byte says[K*RECORDS];           /* what the snapshot in a slot has to say */
bool behind[K*RECORDS];         /* the slot's list: its record differs from the master */
bool changed[RECORDS];          /* since the last publish */
bool rangeFree[CHANGES+1];
byte ended = 0, held = 0;       /* frame threads that are through; that keep a frame for ever */
bool finished = false;

#define at(slot, i) ((slot)*RECORDS+(i))

inline look(i) {
  atomic {
    assert(slotSnap[s]==snap && slots[at(s, i)]==says[at(s, i)]);
    assert(!rangeFree[slots[at(s, i)]])
  }
}

inline edit(i) {
  changes++;
  if :: master[i]!=0 -> last[master[i]] = published; retired++ :: else fi;
  master[i] = changes;
  first[changes] = published+1;
  changed[i] = true
}

#if BUG==2
#define tell(slot, i) behind[at(slot, i)] = behind[at(slot, i)] || (changed[i] && pins[slot]==0)
#else
#define tell(slot, i) behind[at(slot, i)] = behind[at(slot, i)] || changed[i]
#endif

#if BUG==6
#define mayCatchUp(slot, i) behind[at(slot, i)]
#else
#define mayCatchUp(slot, i) (slotFree(slot) && behind[at(slot, i)])
#endif
#define catch(slot, i) slots[at(slot, i)] = master[i]; behind[at(slot, i)] = false

inline catchUp() {                      /* one record, or none: how far slots get does not matter */
  if
  :: atomic { mayCatchUp(0, 0) -> catch(0, 0) }
  :: atomic { mayCatchUp(0, 1) -> catch(0, 1) }
  :: atomic { mayCatchUp(1, 0) -> catch(1, 0) }
  :: atomic { mayCatchUp(1, 1) -> catch(1, 1) }
  :: atomic { mayCatchUp(2, 0) -> catch(2, 0) }
  :: atomic { mayCatchUp(2, 1) -> catch(2, 1) }
  :: skip
  fi
}

inline publish() {
#if BUG==3
  slotFree(0) || slotFree(1) || slotFree(2);
#endif
  if                                    /* any of those that may be written */
  :: slotFree(0) -> slot = 0
  :: slotFree(1) -> slot = 1
  :: slotFree(2) -> slot = 2
  :: else -> slot = K
  fi;
  if
  :: slot<K ->
     d_step {
       tell(0, 0); tell(0, 1); tell(1, 0); tell(1, 1); tell(2, 0); tell(2, 1);
       changed[0] = false; changed[1] = false
     };
     do
     :: i<RECORDS -> if :: behind[at(slot, i)] -> slots[at(slot, i)] = master[i]; behind[at(slot, i)] = false :: else fi; i++
     :: else -> i = 0; break
     od;
     atomic {
       assert(slots[at(slot, 0)]==master[0] && slots[at(slot, 1)]==master[1]);
       assert(slotFree(slot));
       says[at(slot, 0)] = master[0]; says[at(slot, 1)] = master[1];
       published++; publishedSlot = slot; slotSnap[slot] = published
     };
     catchUp()
  :: else -> skip                       /* the changes stay and join the next publish */
#if BUG==1
     ; atomic { changed[0] = false; changed[1] = false }
#endif
  fi;
  slot = 0
}

#if BUG==4
#define unseen(x) (pins[0]+pins[1]+pins[2]==0)
#elif BUG==5
#define unseen(x) closed(last[x], last[x])
#else
#define unseen(x) closed(first[x], last[x])
#endif

inline reclaim() {
  d_step {
    i = 1;
    do
    :: i<=changes ->
       if :: i!=master[0] && i!=master[1] && !rangeFree[i] && unseen(i) -> rangeFree[i] = true; freed++ :: else fi;
       i++
    :: else -> i = 0; break
    od
  }
}

active proctype Writer() {
  byte changes = 0, slot = 0, i = 0, retired = 0, freed = 0;
  byte first[CHANGES+1]; byte last[CHANGES+1];        /* the snapshots that name a range */
  do
  :: changes<CHANGES -> if :: atomic { edit(0) } :: atomic { edit(1) } fi
  :: changed[0] || changed[1] -> publish()
  :: reclaim()
  :: changes==CHANGES && ended+held==R -> break
  od;
  if :: changed[0] || changed[1] -> publish() :: else fi;
  reclaim();
  /* Nothing was lost, and without a frame nothing is held back. */
  assert(held>0 || (slots[at(publishedSlot, 0)]==master[0] && slots[at(publishedSlot, 1)]==master[1]));
  assert(held>0 || freed==retired);
  finished = true
}

active [R] proctype Frame() {
  byte s, snap, k = 0;
  do
  :: k<USES ->
     beginFrame(s, snap);
     look(0);
     look(1);
     if
     :: atomic { pins[s] = pins[s]-1; s = 0; snap = 0; k++ }
     :: atomic { held++; goto endHeld }
     fi
  :: else -> ended++; goto over
  od;
endHeld: false;
over: skip
}

#ifdef NEVER_WAITS
never {
  do
  :: !finished && !enabled(0) -> break
  :: else
  od
}
#endif
