/**
 * Where the engine reports what no caller is told: that a store failed, is opened again, is back. `console` is one. For a library whose methods take the object first,
 * such as pino, swap the two.
 * Nothing is written on the path of a call, and never a message's content.
 */
export interface Logger {
  /** Something that the host may want to know. */
  info(text: string, details?: Readonly<Record<string, unknown>>): void;
  /** Something is not as it should be, and is dealt with. */
  warn(text: string, details?: Readonly<Record<string, unknown>>): void;
  /** Something needs a look. */
  error(text: string, details?: Readonly<Record<string, unknown>>): void;
}

/** Says nothing. */
export const silentLogger: Logger = { info: () => undefined, warn: () => undefined, error: () => undefined };
