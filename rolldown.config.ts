import { defineConfig } from 'rolldown';

export default defineConfig([
  {
    input: { harden: 'src/cli.ts' },
    platform: 'node',
    external: [/\.node$/, 'cpu-features'],
    output: {
      dir: 'dist',
      cleanDir: true,
      format: 'cjs',
      entryFileNames: '[name].cjs',
      chunkFileNames: 'chunks/[name]-[hash].cjs',
      minify: 'dce-only',
    },
  },
  {
    input: { cli: 'src/launcher/launcher.ts' },
    platform: 'node',
    output: { dir: 'dist', format: 'esm', entryFileNames: '[name].js', minify: 'dce-only' },
  },
]);
