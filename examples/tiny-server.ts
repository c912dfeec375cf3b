// A chat back end in one file. Run: npx tsx examples/tiny-server.ts 8080 [folder]        Without a port it starts, tries itself, and ends.
//
//   curl -X POST localhost:8080/send -d '{"senderId":"ann","recipientId":"bob","messageContent":"hello","clientMessageId":"1"}'
//   curl 'localhost:8080/conversations?userId=bob'
//
// Who may ask for which user is for you to decide: here everybody may, and it listens on this machine only.
import assert from 'node:assert/strict';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { isMailringError, Mailring } from 'mailring';
import { MemoryStore } from 'mailring/memory';

const [port, location] = process.argv.slice(2);
const mailring = await Mailring.open(location === undefined ? { store: new MemoryStore() } : { location });
const BODY_BYTES_MAX = 512 * 1024;

const STATUS: Readonly<Record<string, number>> = {
  MAILRING_OVERLOADED: 429,
  MAILRING_UNAVAILABLE: 503,
  MAILRING_CLOSED: 503,
  MAILRING_ID_CONFLICT: 409,
  MAILRING_ABORTED: 504,
};

/** What went wrong, as a client can use it: repeat when `retryable`, with the same clientMessageId. */
function failure(error: unknown): { readonly status: number; readonly body: object } {
  if (isMailringError(error)) {
    const { code, message, retryable, retryAfterMs, outcome } = error;
    return { status: STATUS[code] ?? (retryable ? 503 : 400), body: { code, message, retryable, retryAfterMs, outcome } };
  }
  if (error instanceof TypeError || error instanceof RangeError || error instanceof SyntaxError) return { status: 400, body: { message: error.message } };
  return { status: 500, body: { message: 'internal error' } };
}

async function read(request: IncomingMessage): Promise<unknown> {
  let text = '';
  for await (const chunk of request.setEncoding('utf8')) {
    text += chunk;
    if (text.length > BODY_BYTES_MAX) throw new RangeError('the body is too large');
  }
  return JSON.parse(text);
}

/** `?userId=bob&pageSize=5` as a request object; numbers are numbers. */
function query(url: URL): { userId: string } {
  const pairs = [...url.searchParams].map(([key, value]) => [key, key === 'userId' || key === 'conversationId' ? value : Number(value)]);
  return Object.fromEntries(pairs);
}

async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
  const url = new URL(request.url ?? '/', 'http://localhost');
  // A client that goes away gives up its reads; a send goes on, it may have been stored already.
  const controller = new AbortController();
  response.on('close', () => controller.abort());
  const { signal } = controller;
  const routes: Readonly<Record<string, () => Promise<unknown>>> = {
    'POST /send': async () => mailring.sendMessage((await read(request)) as Parameters<Mailring['sendMessage']>[0]),
    'POST /read': async () => mailring.markRead((await read(request)) as Parameters<Mailring['markRead']>[0]).then(() => ({})),
    'GET /conversations': () => mailring.fetchConversations(query(url), { signal }),
    'GET /messages': () => mailring.fetchMessages(query(url), { signal }),
    'GET /health': async () => mailring.health(),
  };
  const route = routes[`${request.method} ${url.pathname}`];
  const { status, body } =
    route === undefined ? { status: 404, body: { message: 'no such path' } } : await route().then((body) => ({ status: 200, body }), failure);
  response.writeHead(status, { 'content-type': 'application/json' }).end(`${JSON.stringify(body)}\n`);
}

const server = createServer((request, response) => void answer(request, response));
await new Promise<void>((resolve) => server.listen(Number(port ?? 0), '127.0.0.1', resolve));
const base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
console.log(`listening on ${base}`);

async function tryItself(): Promise<void> {
  const body = JSON.stringify({ senderId: 'ann', recipientId: 'bob', messageContent: 'hello', clientMessageId: '1' });
  const ask = async (path: string, init?: RequestInit) => (await (await fetch(base + path, init)).json()) as Record<string, unknown>;
  const sent = await ask('/send', { method: 'POST', body });
  assert.deepEqual(await ask('/send', { method: 'POST', body }), { ...sent, duplicate: true });
  const { totals } = await ask('/conversations?userId=bob&pageSize=5');
  assert.deepEqual(totals, { conversations: 1, unread: 1 });
  assert.equal((await fetch(`${base}/send`, { method: 'POST', body: body.replace('hello', 'other') })).status, 409);
  assert.equal((await fetch(`${base}/messages?userId=bob&pageSize=0`)).status, 400);
  server.close();
  await mailring.close();
  console.log('ok');
}

if (port === undefined) await tryItself();
