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
 * The mailboxes that one shard keeps in memory: write-through, bounded in bytes, the least recently used leave first. Mailboxes in use count, and do not leave: those that
 * nobody uses make room for them.
 */
export class MailboxCache {
  readonly #bytesMax: number;
  readonly #inUse = new Map<UserId, MailboxSlot>();
  /** Least recently used first. */
  readonly #idle = new Map<UserId, MailboxSlot>();
  #bytes = 0;

  constructor(bytesMax: number) {
    this.#bytesMax = bytesMax;
  }

  /** Mailboxes in memory, those in use among them, and their bytes, roughly. */
  get stats(): { readonly mailboxes: number; readonly inUse: number; readonly bytes: number } {
    return { mailboxes: this.#inUse.size + this.#idle.size, inUse: this.#inUse.size, bytes: this.#bytes };
  }

  /** Takes a mailbox into use, loaded or not. */
  pin(user: UserId): MailboxSlot {
    let slot = this.#inUse.get(user);
    if (slot === undefined) {
      slot = this.#idle.get(user) ?? new MailboxSlot(user);
      this.#idle.delete(user);
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
      if (slot.state !== undefined) this.#idle.set(slot.user, slot);
    }
    for (const oldest of this.#idle.values()) {
      if (this.#bytes <= this.#bytesMax) return;
      this.#idle.delete(oldest.user);
      this.#count(oldest, 0);
    }
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
    for (const slot of [...this.#inUse.values(), ...this.#idle.values()]) this.drop(slot);
    this.#idle.clear();
  }

  #count(slot: MailboxSlot, bytes: number): void {
    this.#bytes += bytes - slot.bytes;
    slot.bytes = bytes;
  }
}
