export { type Asked, emptyCopy, type ListAnswer, type ListCopy, type ListItem, type MailboxCopy, merge, mergeEvent, nextQuestion } from './client/merge.js';
