import type { Message } from '../model/message.js';
import { utf8Length } from '../model/text.js';
import type { MessageFields } from './rows.js';

/** A message as a mailbox holds it in memory: the stored fields, its seq, and the host's view once somebody asked for it. */
export interface StoredMessage extends MessageFields {
  readonly seq: number;
  /** Given when its commit is sealed: the change that brings it. */
  number: number;
  updated: number;
  /** Bytes of content in UTF-8. */
  readonly contentBytes: number;
  /** Bytes it takes in memory, roughly. */
  readonly memory: number;
  /** The host's view, frozen, made when first asked for. */
  item: Message | undefined;
}

const MESSAGE_MEMORY_BYTES = 374;

/** A message in memory; its view is made when asked for. */
export function storedMessage(seq: number, fields: MessageFields, contentBytes = utf8Length(fields.content)): StoredMessage {
  return {
    seq,
    incoming: fields.incoming,
    edited: fields.edited,
    deleted: fields.deleted,
    number: fields.number,
    updated: fields.updated,
    sentTimestamp: fields.sentTimestamp,
    inNo: fields.inNo,
    revision: fields.revision,
    clientMessageId: fields.clientMessageId,
    firstDigest: fields.firstDigest,
    content: fields.content,
    contentBytes,
    memory: MESSAGE_MEMORY_BYTES + 2 * fields.content.length,
    item: undefined,
  };
}
