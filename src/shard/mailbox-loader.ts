import { type MailboxSettings, MailboxState } from '../mailbox/mailbox-state.js';
import type { Store } from '../store/store.js';
import type { MailboxCache, MailboxSlot } from './mailbox-cache.js';

type Ask = <T>(question: (store: Store) => Promise<T>) => Promise<T>;

/** Brings mailboxes into the cache, and sees whether what is there is what is stored. */
export class MailboxLoader {
  readonly #cache: MailboxCache;
  readonly #settings: () => MailboxSettings;
  readonly #ask: Ask;

  constructor(cache: MailboxCache, settings: () => MailboxSettings, ask: Ask) {
    this.#cache = cache;
    this.#settings = settings;
    this.#ask = ask;
  }

  /**
   * Insists that the state in memory has every commit acknowledged before this call: another owner can have written. What a load that began earlier
   * found counts no more than what was in memory.
   */
  async validate(slot: MailboxSlot): Promise<void> {
    if (slot.state === undefined && slot.loading === undefined) return this.load(slot);
    const version = await this.#ask((store) => store.validate(slot.partition));
    // A load that is under way may have begun before this call: its answer is too old, or as good as one that begins now.
    if (slot.state?.version !== version) this.#cache.drop(slot);
  }

  /** Whether nobody else has committed to a mailbox since that version; otherwise what is known of it is forgotten. */
  async isCurrent(slot: MailboxSlot, version: number): Promise<boolean> {
    const now = await this.#ask((store) => store.validate(slot.partition));
    if (slot.state?.version !== now) this.#cache.drop(slot);
    return now === version;
  }

  async loadAll(slots: readonly MailboxSlot[]): Promise<void> {
    await Promise.all(slots.map((slot) => this.load(slot)));
  }

  load(slot: MailboxSlot): Promise<void> {
    if (slot.state !== undefined) return Promise.resolve();
    slot.loading ??= this.#loadNow(slot);
    return slot.loading;
  }

  async #loadNow(slot: MailboxSlot): Promise<void> {
    const { drops } = slot;
    try {
      const loaded = await this.#ask((store) => store.load(slot.partition));
      // A slot that was dropped meanwhile is loaded again by whoever needs it: what was read before the drop is too old.
      if (slot.drops === drops) slot.state = new MailboxState(slot.user, loaded, this.#settings());
    } finally {
      if (slot.drops === drops) slot.loading = undefined;
    }
  }
}
