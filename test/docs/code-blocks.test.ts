import { describe, expect, test } from 'vitest';
import { codeProblems, typeScriptBlocks } from './code-blocks.js';
import { type Doc, readDocuments } from './documents.js';

const TIMEOUT_MS = 120_000;

describe('the TypeScript in README and docs', () => {
  test('passes the compiler, against src/', { timeout: TIMEOUT_MS }, () => {
    expect(codeProblems(readDocuments())).toEqual([]);
  });

  test('is in README, and in more than one document', () => {
    const paths = typeScriptBlocks(readDocuments()).map(({ path }) => path);
    expect(paths).toContain('README.md');
    expect(new Set(paths).size).toBeGreaterThan(2);
  });

  test('is named with its line where it does not pass', { timeout: TIMEOUT_MS }, () => {
    const doc = (code: string): Doc => ({ path: 'docs/planted.md', text: `# Planted\n\n\`\`\`ts\n${code}\n\`\`\`\n` });
    const wrong = [
      "import { Mailring } from 'mailring';\nconst mailring = await Mailring.open({ location: './data' });\nawait mailring.send({});",
      "import { MailRing } from 'mailring';",
      "import { Mailring } from 'mailring';\nawait Mailring.open({ place: './data' });",
      'const open = (;',
    ].map(doc);
    const problems = codeProblems(wrong);
    expect(problems).toContainEqual(expect.stringMatching(/^docs\/planted\.md:6 Property 'send' does not exist/));
    expect(problems).toContainEqual(expect.stringMatching(/^docs\/planted\.md:4 .*MailRing/));
    expect(problems).toContainEqual(expect.stringMatching(/^docs\/planted\.md:5 .*place/));
    expect(problems).toContainEqual(expect.stringMatching(/^docs\/planted\.md:4 Expression expected/));
  });
});
