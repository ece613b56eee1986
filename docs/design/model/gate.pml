/* Where frames meet the geometry thread: src/frame/frame_gate.cpp. Each atomic is one holding of its mutex.
   A snapshot lives in any of K slots; snapshot 0 is empty and published from the start. K is 2 or 3. */
#ifndef K
#define K 3
#endif
byte published = 0;             /* the snapshot that new frames see */
byte publishedSlot = 0;
byte pins[K];
byte slotSnap[K];

inline beginFrame(slot, snap) {
  atomic { slot = publishedSlot; snap = published; pins[slot] = pins[slot]+1 }
}

/* A slot that may be written; K: there is none, the publish is deferred. */
#define slotFree(i) (pins[i]==0 && publishedSlot!=(i))
#define freeSlot (slotFree(0) -> 0 : (slotFree(1) -> 1 : (slotFree(K-1) -> K-1 : K)))

/* Stage 1 of retirement: no frame sees, or can still begin to see, one of the snapshots from first to last. */
#define seen(i, first, last) (pins[i]>0 && slotSnap[i]>=(first) && slotSnap[i]<=(last))
#define closed(first, last) ((last)<published && !seen(0, first, last) && !seen(1, first, last) && !seen(K-1, first, last))
