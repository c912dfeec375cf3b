import { readFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { gunzipSync } from 'node:zlib';

/**
 * Real message data for tests and benchmarks: who wrote to whom, real short texts, awkward strings. It is not part of the repository; it is looked for in
 * `MAILRING_DATA`, else in ../shared/data beside the project. Every loader answers `undefined` where its file is absent, and the caller says so.
 */

/** One message of the trace; the order of the rows is the order in time. */
export interface Row {
  readonly sender: string;
  readonly recipient: string;
  readonly unixSeconds: number;
}

/** Two different strings that a careless engine takes for one id. */
export interface AwkwardPair {
  readonly name: string;
  readonly a: string;
  readonly b: string;
  readonly why: string;
  readonly ref?: string;
}

/** An id that breaks careless engines; some of them are to be refused. */
export interface AwkwardId {
  readonly name: string;
  readonly id: string;
  readonly why: string;
  readonly ref?: string;
}

/** A long body: `unit` repeated `repeat` times. */
export interface AwkwardText {
  readonly name: string;
  readonly unit: string;
  readonly repeat: number;
  readonly why: string;
  readonly ref?: string;
}

/** What unicode-ids.json holds. */
export interface UnicodeIds {
  readonly pairs: readonly AwkwardPair[];
  readonly ids: readonly AwkwardId[];
  readonly texts: readonly AwkwardText[];
}

/** The folder that the data is looked for in. */
export function dataFolder(): string {
  return process.env.MAILRING_DATA ?? resolve(import.meta.dirname, '../../../shared/data');
}

function load(name: string): string | undefined {
  let bytes: Buffer;
  try {
    bytes = readFileSync(join(dataFolder(), name));
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  return (name.endsWith('.gz') ? gunzipSync(bytes) : bytes).toString('utf8');
}

function linesOf(text: string | undefined): string[] | undefined {
  return text?.split('\n').slice(0, -1);
}

/** The 59,835 messages of the trace, in time order; the ids are the numbers 1 to 1,899 as strings. Message i goes with text i of {@link loadTexts}. */
export function loadTrace(): Row[] | undefined {
  return linesOf(load('collegemsg.tsv.gz'))?.map((line) => {
    const [sender, recipient, seconds] = line.split('\t');
    return { sender: sender!, recipient: recipient!, unixSeconds: Number(seconds) };
  });
}

/** 60,000 different real texts in 48 languages; every prefix is the same mixture. */
export function loadTexts(): string[] | undefined {
  return linesOf(load('texts.jsonl.gz'))?.map((line) => (JSON.parse(line) as { text: string }).text);
}

/** The Big List of Naughty Strings, 515 of them. Never print them raw: they hold terminal escapes. */
export function loadNaughtyStrings(): string[] | undefined {
  const text = load('naughty-strings.json');
  return text === undefined ? undefined : (JSON.parse(text) as string[]);
}

/** Pairs of ids to be kept apart, awkward ids, and bodies around the limits. */
export function loadUnicodeIds(): UnicodeIds | undefined {
  const text = load('unicode-ids.json');
  return text === undefined ? undefined : (JSON.parse(text) as UnicodeIds);
}
