import { defineConfig } from 'tsup';

export default defineConfig({
  entry: ['src/index.ts', 'src/client.ts', 'src/ring.ts', 'src/level.ts', 'src/memory.ts', 'src/testing.ts'],
  format: 'esm',
  target: 'node20',
  dts: true,
  splitting: true,
  clean: true,
  sourcemap: true,
  removeNodeProtocol: false,
});
