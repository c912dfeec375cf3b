import { SNIPPET_BYTES_MAX, SNIPPET_GRAPHEMES_MAX } from '../model/limits.js';
import { utf8Length } from '../model/text.js';

// Without CR: CR LF is one cluster.
const ASCII_CLUSTERS = /^[\0-\x0c\x0e-\x7f]*$/;

let segmenter: Intl.Segmenter | undefined;

/**
 * The beginning of a message: at most 120 grapheme clusters and 480 bytes, never cut inside a cluster; '' when already the first is larger. A segmenter costs tens of
 * microseconds: it never sees plain ASCII, and of other text only as much as can matter (a unit is a byte or more).
 *
 * Source: Unicode Standard Annex 29, extended grapheme clusters.
 */
export function snippetOf(content: string): string {
  // One unit more than is given: what follows could belong to the last cluster.
  if (ASCII_CLUSTERS.test(content.slice(0, SNIPPET_GRAPHEMES_MAX + 1))) return content.slice(0, SNIPPET_GRAPHEMES_MAX);
  segmenter ??= new Intl.Segmenter('und', { granularity: 'grapheme' });
  let clusters = 0;
  let bytes = 0;
  let end = 0;
  for (const { segment } of segmenter.segment(content.slice(0, SNIPPET_BYTES_MAX + 2))) {
    bytes += utf8Length(segment);
    if (++clusters > SNIPPET_GRAPHEMES_MAX || bytes > SNIPPET_BYTES_MAX) break;
    end += segment.length;
  }
  return content.slice(0, end);
}
