import { connect, createServer, type Server } from 'node:net';
import type { Clock } from '../../model/clock.js';
import { OWNER_ANSWER_BYTES_MAX, OWNER_ANSWER_MS, OWNER_ASK_TRIES } from './limits.js';
import type { Holder } from './owner.js';

/** Who answered, and whether it already holds what it listens for; absent when it did not say. */
export interface Answer extends Holder {
  readonly holds?: boolean;
}

const HUNG_UP = Symbol('hung up');
/** What connecting says when nobody listens. */
const NOBODY = ['ECONNREFUSED', 'ENOENT', 'ENOTSOCK'];

/**
 * Listens on a local socket and tells whoever connects what `answer` gives. Never keeps the process alive. The kernel ends it with the process.
 *
 * @throws the system's error; EADDRINUSE when another listens there
 */
export async function listenAt(path: string, answer: () => Answer): Promise<Server> {
  const server = createServer((socket) => {
    socket.on('error', () => undefined);
    socket.unref();
    socket.end(JSON.stringify(answer()));
  });
  server.unref();
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject);
    // Exclusive: in a worker of node:cluster the primary would otherwise listen for all of them, and each would believe it is the owner.
    server.listen({ path, exclusive: true }, () => {
      server.off('error', reject);
      resolve();
    });
  });
  server.on('error', () => undefined);
  return server;
}

/** Asks who listens at `path`; `undefined` = nobody. One that hangs up without an answer may just be leaving, and is asked again. */
export async function askAt(path: string, clock: Clock): Promise<Answer | undefined> {
  for (let tries = 1; ; tries++) {
    const answer = await askOnce(path, clock);
    if (answer !== HUNG_UP) return answer;
    if (tries === OWNER_ASK_TRIES) return {};
  }
}

function askOnce(path: string, clock: Clock): Promise<Answer | typeof HUNG_UP | undefined> {
  return new Promise((resolve) => {
    const socket = connect({ path });
    let text = '';
    let connected = false;
    const finish = (answer: Answer | typeof HUNG_UP | undefined): void => {
      stop();
      socket.destroy();
      resolve(answer);
    };
    const stop = clock.after(OWNER_ANSWER_MS, () => finish({}));
    socket.setEncoding('utf8');
    socket.on('connect', () => {
      connected = true;
    });
    socket.on('data', (chunk) => {
      text += chunk;
      if (text.length > OWNER_ANSWER_BYTES_MAX) finish({});
    });
    socket.on('end', () => finish(text === '' ? HUNG_UP : parseAnswer(text)));
    socket.on('error', (error: NodeJS.ErrnoException) => {
      if (connected) return finish(HUNG_UP);
      // No permission, or too many that ask: there is somebody, to whom we cannot talk.
      finish(NOBODY.includes(error.code ?? '') ? undefined : {});
    });
  });
}

function parseAnswer(text: string): Answer {
  try {
    const { pid, host, since, holds } = JSON.parse(text) as Record<string, unknown>;
    if (typeof pid !== 'number' || typeof host !== 'string' || typeof since !== 'number') return {};
    return typeof holds === 'boolean' ? { pid, host, since, holds } : { pid, host, since };
  } catch {
    return {};
  }
}
