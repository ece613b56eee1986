/* Updates in place of one block, while frames draw it: src/frame/frame_gate.hpp (overwrite), src/pool/pool_in_place.cpp. Batch
   number v overwrites the block with version v, one half after the other. A draw reads one half after the other, too, and has to
   find in both what its frame waits for.
   QUEUES 2: every draw goes to one of two draw queues.
   SAME 1: batches and draws go to one queue, which executes them in the order of their submission.
   BUG 1 a batch is submitted while a frame is submitting
   BUG 2 whether a frame is submitting is asked first, and the batch submitted later
   BUG 3 frames do not wait for the batch
   BUG 4 the batch does not wait for the draws
   BUG 5 a frame stops submitting before its tags are merged
   BUG 6 a frame stops submitting with its first submission
   BUG 7 (SAME) frames wait for the batch before it is submitted */
#ifndef BUG
#define BUG 0
#endif
#ifndef QUEUES
#define QUEUES 1
#endif
#ifndef SAME
#define SAME 0
#endif
#ifndef R
#define R 2             /* frames, each on a thread of its own */
#endif
#ifndef LISTS
#define LISTS 2         /* that a frame submits */
#endif
#ifndef UPDATES
#define UPDATES 2
#endif
#define DRAWS (R*LISTS+1)

byte halves[2];                         /* the version of their bytes */
byte batches = 0, copied = 0;           /* on the copy queue: submitted, executed */
byte draws[QUEUES]; byte drawn[QUEUES]; byte drawTag[QUEUES];
byte batchWait[QUEUES*(UPDATES+1)];     /* by queue and batch */
byte drawWait[QUEUES*DRAWS];            /* by queue and draw */
byte submitting = 0, overwritten = 0;   /* of the gate, under one mutex */
byte framesEnded = 0;
bool updated = false;
#define draw(q, value) ((q)*DRAWS+(value))
#define batch(q, value) ((q)*(UPDATES+1)+(value))

#if SAME
byte order[UPDATES+DRAWS]; byte queued = 0;     /* 0: a batch, 1: a draw */
#define enqueue(what) order[queued] = what; queued++
#else
#define enqueue(what) skip
#endif

#if QUEUES==1
#define anyQueue(q) q = 0
#define drawnFor(v) drawn[0]>=batchWait[batch(0, v)]
#define allDrawn drawn[0]==draws[0]
#else
#define anyQueue(q) if :: q = 0 :: q = 1 fi
#define drawnFor(v) drawn[0]>=batchWait[batch(0, v)] && drawn[1]>=batchWait[batch(1, v)]
#define allDrawn drawn[0]==draws[0] && drawn[1]==draws[1]
#endif
#define finds(half, q, d) assert(halves[half]==drawWait[draw(q, d)])

#if SAME
/* What waits for something that comes later waits for ever. */
active proctype Queue() {
  byte at = 0;
  do
  :: at<queued && order[at]==0 ->
     assert(drawnFor(copied+1));
     halves[0] = copied+1; atomic { halves[1] = copied+1; copied++; at++ }
  :: at<queued && order[at]==1 ->
     assert(copied>=drawWait[draw(0, drawn[0]+1)]);
     finds(0, 0, drawn[0]+1); atomic { finds(1, 0, drawn[0]+1); drawn[0]++; at++ }
  :: updated && framesEnded==R && at==queued -> break
  od
}
#else
active proctype CopyQueue() {
  do
  :: copied<batches && drawnFor(copied+1) -> halves[0] = copied+1; atomic { halves[1] = copied+1; copied++ }
  :: updated && copied==batches -> break
  od
}

active [QUEUES] proctype DrawQueue() {
  byte q = _pid-1;
  do
  :: drawn[q]<draws[q] && copied>=drawWait[draw(q, drawn[q]+1)] ->
     finds(0, q, drawn[q]+1); atomic { finds(1, q, drawn[q]+1); drawn[q]++ }
  :: framesEnded==R && drawn[q]==draws[q] -> break
  od
}
#endif

inline mergeTags() {
  d_step {
    if :: own[0]>drawTag[0] -> drawTag[0] = own[0] :: else fi;
#if QUEUES==2
    if :: own[1]>drawTag[1] -> drawTag[1] = own[1] :: else fi
#endif
  }
}

active [R] proctype Frame() {
  byte wait, q = 0, list = 0; byte own[QUEUES];
  /* The first `waits`. */
  atomic {
    submitting++;
#if BUG!=3
    wait = overwritten
#endif
  };
  do
  :: list<LISTS ->
     atomic {
       anyQueue(q);
       draws[q]++; own[q] = draws[q]; drawWait[draw(q, draws[q])] = wait; enqueue(1); list++
#if BUG==6
       ; if :: list==1 -> submitting-- :: else fi
#endif
     }
  :: list<LISTS -> break                /* the other lists are dropped */
  :: list==LISTS -> break
  od;
#if BUG==5
  if :: list>0 -> submitting-- :: else -> submitting-- fi;
  mergeTags();
#else
  mergeTags();
#if BUG==6
  if :: list==0 -> submitting-- :: else fi;
#else
  submitting--;
#endif
#endif
  framesEnded++
}

inline submitBatch() {
  d_step {
    batches++;
#if BUG!=4
    batchWait[batch(0, batches)] = drawTag[0];
#if QUEUES==2
    batchWait[batch(1, batches)] = drawTag[1];
#endif
#endif
    enqueue(0);
    overwritten = batches
  }
}

active proctype Writer() {
  do
#if BUG==1
  :: batches<UPDATES -> submitBatch()
#elif BUG==2
  :: batches<UPDATES && submitting==0 -> skip; submitBatch()
#elif BUG==7
  :: batches<UPDATES -> atomic { submitting==0 -> overwritten = batches+1 }; submitBatch()
#else
  :: batches<UPDATES -> atomic { submitting==0 -> submitBatch() }
#endif
  :: batches==UPDATES -> break
  od;
  updated = true
}
