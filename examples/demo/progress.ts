/** Lines where the output is no terminal. */
const STEPS = 4;

/** Shows how far something is: on one line of a terminal, else in a few lines. */
export function showProgress(what: string, done: number, of: number): void {
  if (process.stdout.isTTY) {
    if (done % Math.ceil(of / 200) === 0 || done === of) process.stdout.write(`\r  ${done} of ${of} ${what}${done === of ? '\n' : ''}`);
  } else if (Math.floor((done * STEPS) / of) > Math.floor(((done - 1) * STEPS) / of)) {
    console.log(`  ${done} of ${of} ${what}`);
  }
}
