export { type ArbitraryOptions, arbitraries, type FastCheck, type HistoryStep, type MailringArbitraries } from './testing/arbitraries.js';
export { checkHistory } from './testing/check-history.js';
export type { MakeStore, StoreConformanceHooks, TestApi } from './testing/conformance/fixture.js';
export type {
  ConversationCall,
  ConversationsCall,
  FinalMailbox,
  History,
  HistoryCall,
  MarkReadCall,
  MessageCall,
  MessagesCall,
  SendCall,
  WatchedCall,
} from './testing/history.js';
export type { HistoryProblem, HistoryRule } from './testing/history-problem.js';
export { ListCopy, type ListQuestion } from './testing/list-copy.js';
export { MailboxModel, type ModelChange, type ModelConversation, type ModelMessage, type ModelSend } from './testing/mailbox-model.js';
export { SimulatedData, type SimulatedDataOptions } from './testing/simulated-data.js';
export { SimulatedStore } from './testing/simulated-store.js';
export { storeConformance } from './testing/store-conformance.js';
export type { StoreCall, StoreEvent, StoreFate, StoreFault } from './testing/store-fate.js';
