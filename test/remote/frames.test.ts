import fc from 'fast-check';
import { expect, test } from 'vitest';
import { FrameReader, type Mark } from '../../src/remote/frames.ts';

const NONCE = 'a1b2c3';

function read(chunks: readonly Buffer[]): { marks: { mark: Mark; data: Buffer }[]; rest: Buffer } {
  const marks: { mark: Mark; data: Buffer }[] = [];
  const reader = new FrameReader(NONCE, (mark, data) => marks.push({ mark, data }));
  for (const chunk of chunks) reader.push(chunk);
  return { marks, rest: reader.remainder() };
}

test('whatever the bytes between marks and however they are chunked, they come out exact', () => {
  const payload = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes));
  fc.assert(
    fc.property(
      fc.array(payload, { maxLength: 5 }),
      fc.array(fc.nat({ max: 60 }), { minLength: 1, maxLength: 40 }),
      (payloads, cuts) => {
        fc.pre(payloads.every((bytes) => !bytes.includes(`\0${NONCE} `)));
        const stream = Buffer.concat(
          payloads.flatMap((bytes, index) => [bytes, Buffer.from(`\0${NONCE} end ${index} 0\0`)]),
        );
        const chunks: Buffer[] = [];
        for (let at = 0, cut = 0; at < stream.length; cut++) {
          const size = (cuts[cut % cuts.length] ?? 1) + 1;
          chunks.push(stream.subarray(at, at + size));
          at += size;
        }
        const { marks } = read(chunks);
        expect(marks.map(({ mark }) => mark)).toEqual(
          payloads.map((_, index) => ({ kind: 'end', args: [String(index), '0'] })),
        );
        expect(marks.map(({ data }) => data.toString('hex'))).toEqual(payloads.map((bytes) => bytes.toString('hex')));
      },
    ),
  );
});

test('a NUL that is no mark stays data', () => {
  const { marks, rest } = read([Buffer.from(`a\0b\0${NONCE.slice(0, 3)}`), Buffer.from(`x\0${NONCE} begin 1\0tail`)]);
  expect(marks).toHaveLength(1);
  expect(marks[0]?.data.toString('latin1')).toBe(`a\0b\0${NONCE.slice(0, 3)}x`);
  expect(rest.toString()).toBe('tail');
});
