/* The snapshot ring: change lists, replay, deferred publishes; src/frame/snapshot_ring.cpp. Each change gives a record a new
   range, so that one flag a range says whether it has come free. A frame may stay open for ever.
   BUG 1 a deferred publish clears the change list
   BUG 2 only the newest K-1 change lists are replayed
   BUG 3 the writer waits until the slot is not pinned
   BUG 4 stage 1 looks at pins only: a frame may still begin to see the published snapshot */
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
byte slot[K*RECORDS];
byte says[K*RECORDS];           /* what the snapshot in a slot has to say */
bool changed[RECORDS];          /* since the last publish */
bool list[K*RECORDS];           /* by slot: what its snapshot changed */
bool rangeFree[CHANGES+1];
byte ended = 0, held = 0;       /* frame threads that are through; that keep a frame for ever */
bool finished = false;

#define at(snap, i) (((snap)%K)*RECORDS+(i))
#if BUG==2
#define listed(i) (list[at(next, i)] || list[at(next+2, i)])
#else
#define listed(i) (list[at(next, i)] || list[at(next+1, i)] || list[at(next+2, i)])
#endif

inline look(i) {
  atomic {
    assert(slotSnap[s%K]==s && slot[at(s, i)]==says[at(s, i)]);
    assert(!rangeFree[slot[at(s, i)]])
  }
}

inline edit(i) {
  changes++;
  if :: master[i]!=0 -> range[retired] = master[i]; last[retired] = published; retired++ :: else fi;
  master[i] = changes;
  changed[i] = true
}

inline publish() {
  next = published+1;
#if BUG==3
  pins[next%K]==0;
#endif
  if
  :: pins[next%K]==0 ->
     atomic {
       list[at(next, 0)] = changed[0]; list[at(next, 1)] = changed[1];
       changed[0] = false; changed[1] = false
     };
     do
     :: i<RECORDS -> if :: listed(i) -> slot[at(next, i)] = master[i] :: else fi; i++
     :: else -> i = 0; break
     od;
     atomic {
       assert(slot[at(next, 0)]==master[0] && slot[at(next, 1)]==master[1]);
       assert(pins[next%K]==0);
       says[at(next, 0)] = master[0]; says[at(next, 1)] = master[1];
       slotSnap[next%K] = next; published = next
     }
  :: else ->
     assert(slotSnap[next%K]==next-K);   /* the changes stay and join the next publish */
#if BUG==1
     atomic { changed[0] = false; changed[1] = false };
#endif
  fi;
  next = 0
}

inline reclaim() {
  atomic {
    oldestOpen(oldest, i);
#if BUG==4
    if :: pins[0]+pins[1]+pins[2]==0 -> oldest = 255 :: else fi;
#endif
    i = 0
  };
  atomic {
    do :: freed<retired && last[freed]<oldest -> rangeFree[range[freed]] = true; freed++ :: else -> break od;
    oldest = 0
  }
}

active proctype Writer() {
  byte changes = 0, next, i, oldest, retired = 0, freed = 0;
  byte last[CHANGES]; byte range[CHANGES];
  do
  :: changes<CHANGES -> if :: atomic { edit(0) } :: atomic { edit(1) } fi
  :: changed[0] || changed[1] -> publish()
  :: reclaim()
  :: changes==CHANGES && ended+held==R -> break
  od;
  if :: changed[0] || changed[1] -> publish() :: else fi;
  reclaim();
  /* Nothing was lost, and without a frame nothing is held back. */
  assert(held>0 || (slot[at(published, 0)]==master[0] && slot[at(published, 1)]==master[1]));
  assert(held>0 || freed==retired);
  finished = true
}

active [R] proctype Frame() {
  byte s, k = 0;
  do
  :: k<USES ->
     beginFrame(s);
     look(0);
     look(1);
     if
     :: atomic { pins[s%K] = pins[s%K]-1; s = 0; k++ }
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
