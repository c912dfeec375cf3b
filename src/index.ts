export type { CallOptions, FetchRequest } from './engine/arguments.js';
export type { Backup, BackupOptions, BackupProgress, BackupRequest } from './engine/backup.js';
export type { ConversationsRequest, MessagesRequest } from './engine/each-item.js';
export type { FetchConversationsRequest, FetchMessagesRequest } from './engine/fetch.js';
export type { GetConversationRequest, GetMessageRequest } from './engine/get-item.js';
export type { Health, HealthCode, HealthReason } from './engine/health.js';
export { Mailring } from './engine/mailring.js';
export type { MarkReadRequest } from './engine/mark-read.js';
export type { OpenOptions } from './engine/open-options.js';
export type { Restoration, RestoreOptions, RestoreProgress, RestoreRequest } from './engine/restore.js';
export type { SendRequest, SendResult } from './engine/send-message.js';
export type { MailringStats } from './engine/stats.js';
export type { ScrubRequest, Verification, VerifyOptions, VerifyProblem, VerifyProblemKind, VerifyProgress, VerifyRequest } from './engine/verify.js';
export type { WatchChanges, WatchEvent, WatchOptions, WatchRequest, WatchReset } from './engine/watch.js';
export type { MailboxChanges } from './mailbox/read-changes.js';
export { createClientMessageId } from './model/client-message-id.js';
export type { Clock } from './model/clock.js';
export { isMailringError, MailringError, type MailringErrorCode, type MailringErrorOptions, type Outcome } from './model/errors.js';
export { LIMITS, type Limit, type Limits } from './model/limits.js';
export type { Logger } from './model/logger.js';
export type { Conversation, ConversationsAnswer, FetchAnswer, Floor, FullPageReason, Message, MessagesAnswer, Totals } from './model/message.js';
export type { ShardStats } from './shard/shard-stats.js';
export type { StoreStatus } from './shard/store-keeper.js';
export type {
  ApplyResult,
  CheckpointOptions,
  LoadedPartition,
  Mark,
  MarkChange,
  Op,
  Partition,
  PartitionWrite,
  Row,
  ScanRange,
  Store,
  StoreCallOptions,
  StoreCapabilities,
  StoreOpenOptions,
  Version,
} from './store/store.js';
