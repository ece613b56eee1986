/* Pins, tags and the two stages of retirement. One block; every publish moves it: snapshot s uses range s.
   QUEUES 2: every submission goes to one of two queues.
   BUG 1 a frame unpins before its lists are submitted and tagged
   BUG 2 the tag is merged after the unpin, not in the same critical section
   BUG 3 tags are sampled when the range retires, not when stage 1 passes
   BUG 4 the writer rebuilds a slot that is pinned
   BUG 5 begin reads 'published' and pins in two steps
   BUG 6 the tag of the last queue is forgotten */
#ifndef BUG
#define BUG 0
#endif
#ifndef K
#define K 2
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef R
#define R 2             /* threads that begin frames */
#endif
#ifndef USES
#define USES 2          /* frames of each */
#endif
#ifndef F
#define F 4             /* publishes */
#endif
#include "gate.pml"
#define VALUES (R*USES+2)

bool building[K];
byte tag[QUEUES]; byte timeline[QUEUES]; byte completed[QUEUES];
byte uses[QUEUES*VALUES];       /* by queue and value: the snapshot that the submission reads */
bool rangeFree[F+1];
byte through = 0;                /* threads that begin no more frames */

#if QUEUES==1
#define anyQueue(q) q = 0
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#endif

inline submit() { anyQueue(q); timeline[q]++; v = timeline[q]; uses[q*VALUES+v] = snap }
inline merge() { if :: v>tag[q] -> tag[q] = v :: else fi }
inline unpin() { pins[slot] = pins[slot]-1; slot = 0; snap = 0 }

active [R] proctype Frame() {
  byte slot, snap, k = 0, v, q;
  do
  :: k<USES ->
#if BUG==5
     atomic { slot = publishedSlot; snap = published };
     pins[slot] = pins[slot]+1;
#else
     beginFrame(slot, snap);
#endif
     assert(!building[slot] && slotSnap[slot]==snap);   /* lookup 1 */
     assert(!building[slot] && slotSnap[slot]==snap);   /* lookup 2 */
#if BUG==1
     atomic { pins[slot] = pins[slot]-1 };
     atomic { submit() };
     atomic { merge() };
#elif BUG==2
     atomic { submit() };
     atomic { unpin() };
     atomic { merge() };
#else
     if
     :: atomic { submit() }; atomic { merge(); unpin() }
     :: atomic { unpin() }                            /* dropped, nothing submitted */
     fi;
#endif
     k++
  :: else -> through++; break
  od
}

active [QUEUES] proctype Queue() {
  byte q = _pid-R;
  do
  :: atomic { completed[q]<timeline[q] -> assert(!rangeFree[uses[q*VALUES+completed[q]+1]]); completed[q]++ }
  :: through==R && completed[q]==timeline[q] -> break
  od
}

#if BUG==6
#define TAGS 1
#else
#define TAGS QUEUES
#endif

/* g of the range that snapshot x was the last to name = the tag of every queue now. */
#define sample(g, x) q = 0; do :: q<TAGS -> g[(x)*QUEUES+q] = tag[q]; q++ :: else -> q = 0; break od

#if QUEUES==1
#define passed(x) completed[0]>=g[x]
#else
#define passed(x) completed[0]>=g[(x)*QUEUES] && completed[1]>=g[(x)*QUEUES+1]
#endif

inline publish() {
#if BUG==4
  slot = (publishedSlot+1)%K;
#else
  slot = freeSlot;
#endif
  if
  :: slot<K ->
     building[slot] = true; slotSnap[slot] = published+1; building[slot] = false;
     atomic {
       published++; publishedSlot = slot;
#if BUG==3
       sample(g, published-1)
#endif
     }
  :: else                                             /* deferred */
  fi;
  slot = 0
}

inline reclaim() {
  atomic {                                            /* stage 1 */
    do
    :: x<published ->
       if
       :: !unnamed[x] && closed(x, x) ->
#if BUG!=3
          sample(g, x);
#endif
          unnamed[x] = true
       :: else
       fi;
       x++
    :: else -> x = 0; break
    od
  };
  d_step {                                            /* stage 2 */
    do
    :: x<published -> if :: unnamed[x] && !rangeFree[x] && passed(x) -> rangeFree[x] = true; freed++ :: else fi; x++
    :: else -> x = 0; break
    od
  }
}

active proctype Writer() {
  byte slot = 0, x = 0, q = 0, freed = 0;
  byte g[F*QUEUES];
  bool unnamed[F];
  do
  :: published<F -> publish(); reclaim()
  :: published==F && freed<F -> reclaim()
  :: freed==F -> break
  od
}
