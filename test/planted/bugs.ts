import { CALL_BUGS } from './call-bugs.js';
import { DELIVERY_BUGS } from './delivery-bugs.js';
import { DELTA_BUGS } from './delta-bugs.js';
import { MARK_BUGS } from './mark-bugs.js';
import { PAGE_BUGS } from './page-bugs.js';
import type { PlantedBug } from './planted-bug.js';
import { PROTOCOL_BUGS } from './protocol-bugs.js';
import { RESTORE_BUGS } from './restore-bugs.js';
import { SEND_BUGS } from './send-bugs.js';
import { SHARD_BUGS } from './shard-bugs.js';
import { STORE_BUGS } from './store-bugs.js';
import { TRIM_BUGS } from './trim-bugs.js';
import { VERB_BUGS } from './verb-bugs.js';

/** Every planted bug. Where the model of the protocol or of the layout has the bug, it has the model's name. */
export const BUGS: readonly PlantedBug[] = [
  ...SEND_BUGS,
  ...DELIVERY_BUGS,
  ...MARK_BUGS,
  ...PROTOCOL_BUGS,
  ...PAGE_BUGS,
  ...DELTA_BUGS,
  ...SHARD_BUGS,
  ...CALL_BUGS,
  ...STORE_BUGS,
  ...VERB_BUGS,
  ...TRIM_BUGS,
  ...RESTORE_BUGS,
];
