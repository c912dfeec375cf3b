import type { MailboxState } from '../mailbox/mailbox-state.js';
import { partitionOf, type UserId } from '../model/ids.js';
import type { Partition } from '../store/store.js';
import type { Lane } from './lane.js';

/** The place of one mailbox in the cache; it stays the same object while somebody uses it, whatever becomes of the state in it. */
export class MailboxSlot {
  readonly user: UserId;
  readonly partition: Partition;
  /** Absent until it is loaded, and after it was dropped. */
  state: MailboxState | undefined;
  /** The load that is under way. */
  loading: Promise<void> | undefined;
  /** Requests that use this slot now: it cannot leave. */
  pins = 0;
  /** Writes that wait for this mailbox. */
  waitingWrites = 0;
  /** How often what was known of it was forgotten. */
  drops = 0;
  /** What commits here, where each mailbox commits alone. */
  lane: Lane | undefined;
  /** What the cache has counted for it. */
  bytes = 0;

  constructor(user: UserId) {
    this.user = user;
    this.partition = partitionOf(user);
  }
}

/**
 * The mailboxes that one shard keeps in memory: write-through, bounded in bytes, the least recently used leave first. They leave in two steps: what was used last takes up to half
 * of the bytes with all that it has; what comes after that keeps only what a send needs, for sends cannot do without it and pages can. Mailboxes in use count, and do not
 * leave: those that nobody uses make room for them.
 */
export class MailboxCache {
  readonly #bytesMax: number;
  readonly #inUse = new Map<UserId, MailboxSlot>();
  /** Not in use, with all that they have; least recently used first, as those after them. */
  readonly #whole = new Map<UserId, MailboxSlot>();
  /** Not in use, with what a send needs. */
  readonly #lean = new Map<UserId, MailboxSlot>();
  #bytes = 0;
  /** Those of `#lean`. */
  #leanBytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Mailboxes in memory, those in use among them, and their bytes, roughly. */
  get stats(): { readonly mailboxes: number; readonly inUse: number; readonly bytes: number } {
    return { mailboxes: this.#inUse.size + this.#whole.size + this.#lean.size, inUse: this.#inUse.size, bytes: this.#bytes };
  }

  /** Takes a mailbox into use, loaded or not. */
  pin(user: UserId): MailboxSlot {
    let slot = this.#inUse.get(user);
    if (slot === undefined) {
      slot = this.#whole.get(user) ?? this.#lean.get(user) ?? new MailboxSlot(user);
      this.#whole.delete(user);
      if (this.#lean.delete(user)) this.#leanBytes -= slot.bytes;
      this.#inUse.set(user, slot);
    }
    slot.pins++;
    return slot;
  }

  /** Gives a mailbox back. */
  unpin(slot: MailboxSlot): void {
    this.#count(slot, slot.state?.bytes ?? 0);
    if (--slot.pins === 0) {
      this.#inUse.delete(slot.user);
      if (slot.state !== undefined) this.#whole.set(slot.user, slot);
    }
    if (this.#bytes > this.#bytesMax) this.#makeRoom();
  }

  /** Forgets what is known of one mailbox, also while it is in use: whoever uses it has to load it again. */
  drop(slot: MailboxSlot): void {
    slot.state = undefined;
    slot.loading = undefined;
    slot.drops++;
    this.#count(slot, 0);
  }

  /** The lanes of the mailboxes in use. */
  *lanes(): Generator<Lane> {
    for (const { lane } of this.#inUse.values()) if (lane !== undefined) yield lane;
  }

  /** Forgets everything. */
  clear(): void {
    for (const slots of [this.#inUse, this.#whole, this.#lean]) for (const slot of slots.values()) this.drop(slot);
    this.#whole.clear();
    this.#lean.clear();
    this.#leanBytes = 0;
  }

  #makeRoom(): void {
    for (const slot of this.#whole.values()) {
      if (this.#bytes - this.#leanBytes <= this.#bytesMax / 2) break;
      this.#whole.delete(slot.user);
      slot.state?.shed();
      this.#count(slot, slot.state?.bytes ?? 0);
      this.#lean.set(slot.user, slot);
      this.#leanBytes += slot.bytes;
    }
    for (const slot of this.#lean.values()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#lean.delete(slot.user);
      this.#leanBytes -= slot.bytes;
      this.#count(slot, 0);
    }
  }

  #count(slot: MailboxSlot, bytes: number): void {
    this.#bytes += bytes - slot.bytes;
    slot.bytes = bytes;
  }
}
