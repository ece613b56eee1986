/* Where frames meet the geometry thread: src/frame/frame_gate.cpp. Each atomic is one holding of its mutex.
   Snapshot s lives in slot s % K; snapshot 0 is empty and published from the start. */
#ifndef K
#define K 3
#endif
byte published = 0;
byte pins[K];
byte slotSnap[K];

inline beginFrame(s) {
  atomic { s = published; pins[s%K] = pins[s%K]+1 }
}

/* The oldest snapshot that a frame sees or may still begin to see. */
inline oldestOpen(oldest, i) {
  oldest = published; i = 0;
  do
  :: i<K -> if :: pins[i]>0 && slotSnap[i]<oldest -> oldest = slotSnap[i] :: else fi; i++
  :: else -> break
  od
}
