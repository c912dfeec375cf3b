import { SNIPPET_BYTES_MAX, SNIPPET_GRAPHEMES_MAX } from '../model/limits.js';
import { utf8Length } from '../model/text.js';

let segmenter: Intl.Segmenter | undefined;

/**
 * The beginning of a message: at most 120 grapheme clusters and 480 bytes, never cut inside a cluster; '' when already the first is larger. A segmenter costs tens of
 * microseconds: it never sees plain ASCII, and of other text only as much as can matter (a unit is a byte or more).
 *
 * Source: Unicode Standard Annex 29, extended grapheme clusters.
 */
export function snippetOf(content: string): string {
  // One unit more than is given: what follows could belong to the last cluster.
  if (eachUnitIsACluster(content, SNIPPET_GRAPHEMES_MAX + 1)) return content.slice(0, SNIPPET_GRAPHEMES_MAX);
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

/** Whether the first `units` of a text are ASCII without CR (CR LF is one cluster), so that each of them is a cluster of its own. */
function eachUnitIsACluster(text: string, units: number): boolean {
  const end = Math.min(text.length, units);
  for (let i = 0; i < end; i++) {
    const unit = text.charCodeAt(i);
    if (unit > 0x7f || unit === 0x0d) return false;
  }
  return true;
}
