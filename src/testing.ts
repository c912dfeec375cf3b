export { type ArbitraryOptions, arbitraries, type FastCheck, type HistoryStep, type MailringArbitraries } from './testing/arbitraries.js';
export { checkHistory, type HistoryProblem, type HistoryRule } from './testing/check-history.js';
export type { MakeStore, StoreConformanceHooks, TestApi } from './testing/conformance/fixture.js';
export type { ConversationsCall, FinalMailbox, History, HistoryCall, MessagesCall, SendCall } from './testing/history.js';
export { ListCopy, type ListQuestion } from './testing/list-copy.js';
export { SimulatedData, type SimulatedDataOptions } from './testing/simulated-data.js';
export { SimulatedStore } from './testing/simulated-store.js';
export { storeConformance } from './testing/store-conformance.js';
export type { StoreCall, StoreEvent, StoreFate, StoreFault } from './testing/store-fate.js';
