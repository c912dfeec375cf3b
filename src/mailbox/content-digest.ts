import { hash } from 'node:crypto';

/** The first 16 bytes of SHA-256 over the content's UTF-8, one character each: what a repeated send is compared with. Part of the stored format. */
export function contentDigest(content: string): string {
  return hash('sha256', content, 'binary').slice(0, 16);
}
