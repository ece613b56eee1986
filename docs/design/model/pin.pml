/* Pin per Frame. One block; every publish relocates it: snapshot s uses range s.
   BUG 1 frame unpins before its lists are submitted and tagged
   BUG 2 tag merged after the unpin (not in the same critical section)
   BUG 3 tags sampled when the range retires, not when stage 1 passes
   BUG 4 writer rebuilds a slot that is pinned
   BUG 5 begin reads 'published' and pins in two steps */
#ifndef BUG
#define BUG 0
#endif
#define R 2
#define F 4
#define USES 2
#define K 2
byte published=0; byte pins[K]; byte slotSnap[K]; bool building[K];
byte maxTag=0; byte timeline=0; byte completed=0; byte uses[R*USES+2]; bool rangeFree[F+2];
byte donereaders=0;
active [R] proctype Frame() {
  byte s, k=0, v;
  do
  :: k<USES ->
#if BUG==5
     s=published; pins[s%K]=pins[s%K]+1;
#else
     atomic { s=published; pins[s%K]=pins[s%K]+1 };
#endif
     assert(!building[s%K] && slotSnap[s%K]==s);      /* lookup 1 */
     assert(!building[s%K] && slotSnap[s%K]==s);      /* lookup 2 */
#if BUG==1
     atomic { pins[s%K]=pins[s%K]-1 };
     atomic { timeline++; v=timeline; uses[v]=s };
     atomic { if :: v>maxTag -> maxTag=v :: else fi };
#elif BUG==2
     atomic { timeline++; v=timeline; uses[v]=s };
     atomic { pins[s%K]=pins[s%K]-1 };
     atomic { if :: v>maxTag -> maxTag=v :: else fi };
#else
     if
     :: atomic { timeline++; v=timeline; uses[v]=s }; atomic { if :: v>maxTag -> maxTag=v :: else fi; pins[s%K]=pins[s%K]-1 }
     :: atomic { pins[s%K]=pins[s%K]-1 }               /* frame dropped, nothing submitted */
     fi;
#endif
     k++
  :: else -> donereaders++; break
  od }
active proctype Gpu() {
  do
  :: atomic { completed<timeline -> assert(!rangeFree[uses[completed+1]]); completed++ }
  :: donereaders==R && completed==timeline -> break
  od }
active proctype Writer() {
  byte f=0, i, oldest, stage1=0, stage2=0; byte g[F+2]; byte gr[F+2];
  do
  :: f<F ->
     /* publish f+1 if its slot is not pinned, else defer */
#if BUG!=4
     if :: pins[(f+1)%K]==0 -> skip :: else -> goto reclaim fi;
#endif
     building[(f+1)%K]=true; slotSnap[(f+1)%K]=f+1; building[(f+1)%K]=false;
     atomic { published=f+1; f++ };
#if BUG==3
     gr[f-1]=maxTag;
#endif
reclaim:
     /* stage 1: ranges of snapshots older than every pinned one and than published */
     atomic { oldest=published; i=0;
       do :: i<K -> if :: pins[i]>0 && slotSnap[i]<oldest -> oldest=slotSnap[i] :: else fi; i++ :: else -> break od };
     do :: stage1<oldest ->
#if BUG==3
        g[stage1]=gr[stage1];
#else
        g[stage1]=maxTag;
#endif
        stage1++
     :: else -> break od;
     do :: stage2<stage1 && completed>=g[stage2] -> rangeFree[stage2]=true; stage2++ :: else -> break od
  :: f==F && stage2==F -> break
  :: f==F && stage2<F -> goto reclaim
  od }
