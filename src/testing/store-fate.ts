import type { MarkChange, Partition, PartitionWrite } from '../store/store.js';

/** What can go wrong with a call of a simulated store. The last two are about `apply` alone. */
export type StoreFault =
  /** It fails and nothing happens. */
  | 'fail-before'
  /** It fails, but what it does is done. */
  | 'fail-after'
  /** It never answers, and nothing happens. */
  | 'hang-before'
  /** It never answers, but what it does is done. */
  | 'hang-after'
  /** It answers, with one bit of one value turned over. */
  | 'corrupt'
  /** It fails, and takes effect later: after `lateMs`, or, where the store is exclusive, when it is next opened. The late write still compares its version. */
  | 'late'
  /** It fails after its marks are set and before its commit: never applied. Where both are one step it is `fail-before`. */
  | 'fail-between'
  /** It fails, its marks are set after `lateMs`, and its commit is never sent. Where both are one step it is `fail-before`. */
  | 'late-mark';

/** A call before its fate is decided. */
export interface StoreCall {
  /** Which method. */
  readonly kind: 'open' | 'load' | 'validate' | 'read' | 'scan' | 'apply' | 'scanMarks';
  /** Who calls: the name of the handle. */
  readonly owner: string;
  /** Counts the calls of all handles over the same data, from 0. */
  readonly index: number;
  /** The partition that is read. */
  readonly partition?: Partition;
  /** Of an apply. */
  readonly writes?: readonly PartitionWrite[];
  /** Of an apply. */
  readonly marks?: readonly MarkChange[];
}

/** What becomes of a call, and when; nothing given: it takes effect and answers at once. */
export interface StoreFate {
  /** Milliseconds until it takes effect. */
  readonly delayMs?: number;
  /** Milliseconds from then to its answer. */
  readonly answerMs?: number;
  /** None when absent. */
  readonly fault?: StoreFault | undefined;
  /** For what is `late`: milliseconds until it takes effect. */
  readonly lateMs?: number;
}

/** What happened in a simulated store, for whoever counts or prints it. */
export interface StoreEvent {
  /** What happened. */
  readonly type: /** A call was made. */
    | 'call'
    /** A call was given a fault. */
    | 'fault'
    /** A commit was applied, or refused because of its version; `late`: after its caller was told that it failed, or is gone. */
    | 'applied'
    | 'refused'
    /** Marks were set before, or cleared after, the commit of the same call; a call can clear marks without any commit. */
    | 'marked'
    | 'cleared'
    /** A handle crashed; of the calls it had under way these took effect (`survived`), these had set their marks only (`between`), these are gone (`lost`). */
    | 'crashed'
    | 'survived'
    | 'between'
    | 'lost'
    /** Something a handle had acknowledged after a failed write was gone when it was opened again. */
    | 'reverted'
    | 'opened'
    | 'open-failed'
    | 'disk-full'
    | 'disk-freed'
    | 'corrupted'
    | 'repaired';
  /** Name of the handle; '' where none has a part in it. */
  readonly owner: string;
  /** To which call. */
  readonly call?: StoreCall;
  /** By which fault. */
  readonly fault?: StoreFault;
  /** Whether after the call had ended. */
  readonly late?: boolean;
}
