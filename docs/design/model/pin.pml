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
bool rangeFree[F+2];
byte through = 0;                /* threads that begin no more frames */

#if QUEUES==1
#define anyQueue(q) q = 0
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#endif

inline submit() { anyQueue(q); timeline[q]++; v = timeline[q]; uses[q*VALUES+v] = s }
inline merge() { if :: v>tag[q] -> tag[q] = v :: else fi }
inline unpin() { pins[s%K] = pins[s%K]-1 }

active [R] proctype Frame() {
  byte s, k = 0, v, q;
  do
  :: k<USES ->
#if BUG==5
     s = published; pins[s%K] = pins[s%K]+1;
#else
     beginFrame(s);
#endif
     assert(!building[s%K] && slotSnap[s%K]==s);      /* lookup 1 */
     assert(!building[s%K] && slotSnap[s%K]==s);      /* lookup 2 */
#if BUG==1
     atomic { unpin() };
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

/* g of what snapshot x was the last to name = the tag of every queue now. */
#define sample(g, x) d_step { q = 0; do :: q<TAGS -> g[(x)*QUEUES+q] = tag[q]; q++ :: else -> q = 0; break od }

#if QUEUES==1
#define passed(x) completed[0]>=g[x]
#else
#define passed(x) completed[0]>=g[(x)*QUEUES] && completed[1]>=g[(x)*QUEUES+1]
#endif

active proctype Writer() {
  byte f = 0, i, q, oldest, stage1 = 0, stage2 = 0;
  byte g[(F+2)*QUEUES];
  byte retiredTag[(F+2)*QUEUES];
  do
  :: f<F ->
     /* publish f+1 if its slot is not pinned, else defer */
#if BUG!=4
     if :: pins[(f+1)%K]==0 -> skip :: else -> goto reclaim fi;
#endif
     building[(f+1)%K] = true; slotSnap[(f+1)%K] = f+1; building[(f+1)%K] = false;
     atomic { published = f+1; f++ };
#if BUG==3
     sample(retiredTag, f-1);
#endif
reclaim:
     /* stage 1: ranges of snapshots older than every pinned one and than the published one */
     atomic { oldestOpen(oldest, i) };
     do
     :: stage1<oldest ->
#if BUG==3
        d_step { q = 0; do :: q<QUEUES -> g[stage1*QUEUES+q] = retiredTag[stage1*QUEUES+q]; q++ :: else -> q = 0; break od };
#else
        sample(g, stage1);
#endif
        stage1++
     :: else -> break
     od;
     do :: stage2<stage1 && passed(stage2) -> rangeFree[stage2] = true; stage2++ :: else -> break od
  :: f==F && stage2==F -> break
  :: f==F && stage2<F -> goto reclaim
  od
}
