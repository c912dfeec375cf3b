import type { PlantedBug } from './planted-bug.js';

/** Judged by what callers see and by what is there after healing, seed by seed. */
const SIMULATION = { files: ['test/simulation/judge.test.ts'] };

/** Bugs in the delivery from the home to the other mailbox, and between the shards of one mailring. */
export const DELIVERY_BUGS: readonly PlantedBug[] = [
  {
    name: 'ack-before-copy',
    what: 'a send is acknowledged after the home commit',
    file: 'engine/send-message.ts',
    find: 'await delivery.done(receipt.seq, signal);',
    replace: 'home === sender ? null : await delivery.done(receipt.seq, signal);',
    suite: SIMULATION,
  },
  {
    name: 'dup-acks-undelivered',
    what: 'a send that is found by its id is acknowledged without waiting for the second copy',
    file: 'engine/send-message.ts',
    find: 'await delivery.done(receipt.seq, signal);',
    replace: 'receipt.duplicate && home === sender ? null : await delivery.done(receipt.seq, signal);',
    also: [
      [
        'settled: (receipt) => delivery.begin(receipt?.seq)',
        'settled: (receipt) => delivery.begin(receipt?.duplicate && home === sender ? undefined : receipt?.seq)',
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'delivered-remembered',
    what: '"delivered" is remembered when the delivery is sent, and trusted afterwards',
    file: 'engine/send-message.ts',
    find: '  const inOther = delivery === undefined',
    replace: `  const sent = delivered.get(engine) ?? new Map<string, number>();
  delivered.set(engine, sent);
  const known = home === sender && (sent.get(conversationId) ?? 0) >= receipt.seq;
  sent.set(conversationId, Math.max(receipt.seq, sent.get(conversationId) ?? 0));
  const inOther = known ? null : delivery === undefined`,
    also: [['const SEND_KEYS =', 'const delivered = new WeakMap<Engine, Map<string, number>>();\nconst SEND_KEYS =']],
    suite: SIMULATION,
  },
  {
    name: 'out-of-order',
    what: 'a delivery brings its own message without those before it',
    file: 'mailbox/plan-delivery.ts',
    find: 'message.seq === conversation.lastSeq + 1 ?',
    replace: 'message.seq > conversation.lastSeq ?',
    suite: SIMULATION,
  },
  {
    name: 'gap-is-delivered',
    what: 'a delivery that the other mailbox could not take, since it lacks earlier messages, counts as made',
    file: 'engine/deliveries.ts',
    find: 'if (receipt.lastSeq < next - 1) {',
    replace: 'if (receipt.lastSeq < 0) {',
    suite: SIMULATION,
  },
  {
    name: 'admitted-late',
    what: 'a send is taken on for its delivery only after its home commit',
    file: 'engine/send-message.ts',
    find: '  const delivery = crossing?.admit(route);\n',
    replace: '',
    also: [
      ['      ...(delivery && { settled: (receipt) => delivery.begin(receipt?.seq) }),\n', ''],
      [
        '  const inOther = delivery === undefined',
        '  const delivery = crossing?.admit(route);\n  delivery?.begin(receipt.seq);\n  const inOther = delivery === undefined',
      ],
    ],
    suite: SIMULATION,
  },
  {
    name: 'delivery-too-large',
    what: 'a delivery brings more than the other store takes in one batch',
    file: 'engine/deliveries.ts',
    find: 'Math.min(DELIVERY_BYTES_MAX, otherShard.store.capabilities.applyBytesMax)',
    replace: 'Math.max(DELIVERY_BYTES_MAX, otherShard.store.capabilities.applyBytesMax)',
    suite: { files: ['test/engine/several-shards.test.ts'], test: 'a tail of large messages' },
  },
  {
    name: 'lost-shard-is-new',
    what: 'an empty store becomes part of a mailring whose other stores hold data',
    file: 'engine/identity.ts',
    find: 'if (lost && !(await this.#has(shard))) {',
    replace: 'if (lost && this.#fresh.length === 0) {',
    suite: { files: ['test/engine/shard-identity.test.ts'] },
  },
  {
    name: 'folder-has-others',
    what: 'databases of other names in the folder are passed over',
    file: 'store/level/shard-folders.ts',
    find: 'if (unknown.length > 0) {',
    replace: 'if (unknown.length > 0 && absent.length === 0) {',
    suite: { files: ['test/engine/shard-identity.test.ts'] },
  },
  {
    name: 'backlog-forgets-given-up',
    what: 'a send whose caller has given it up leaves the backlog before it is delivered',
    file: 'engine/crossing.ts',
    find: 'delivering = this.#deliveries.deliver(route, seq, release);',
    replace: 'delivering = this.#deliveries.deliver(route, seq);\n        release();',
    suite: { files: ['test/engine/backlog.test.ts'] },
  },
  {
    name: 'backlog-forgets-failed',
    what: 'a delivery that failed leaves the backlog',
    file: 'engine/deliveries.ts',
    find: '    if (counted.length > 0) this.#failed.set(',
    replace: '    for (const { release } of counted) release?.();\n    if (counted.length < 0) this.#failed.set(',
    suite: { files: ['test/engine/backlog.test.ts'] },
  },
  {
    name: 'fork-unseen',
    what: 'a delivery does not compare the message before its own',
    file: 'engine/deliveries.ts',
    find: 'Math.max(conversation.floorSeq + 1, first - 1)',
    replace: 'Math.max(conversation.floorSeq + 1, first)',
    suite: { files: ['test/engine/diverged.test.ts'] },
  },
  {
    name: 'diverged-goes-on',
    what: 'a conversation whose copies disagree takes sends in its home',
    file: 'engine/deliveries.ts',
    find: 'this.#diverged.get(conversationId) ?? otherShard',
    // biome-ignore lint/suspicious/noTemplateCurlyInString: a text of the source.
    replace: 'this.#diverged.get(`${conversationId}.`) ?? otherShard',
    suite: { files: ['test/engine/diverged.test.ts'] },
  },
];
