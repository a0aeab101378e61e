/**
 * A program of a few machine instructions that ends with status 0, as a static ELF file: nothing that it is linked with, no loader and no
 * file of an image is needed to run it, so nobody has to be trusted for it.
 *
 * The file is an ELF header, one program header (the whole file is mapped to be read and run), and the instructions: exit(0).
 */
export function proofProgram(machine: ProofMachine): Buffer {
  const { elfMachine, instructions } = MACHINES[machine];
  const size = HEADER + PROGRAM_HEADER + instructions.length;
  const file = Buffer.alloc(size);
  // ELF header: magic, 64 bits, little-endian, version 1, System V
  file.set([0x7f, 0x45, 0x4c, 0x46, 2, 1, 1, 0]);
  file.writeUInt16LE(EXECUTABLE, 16);
  file.writeUInt16LE(elfMachine, 18);
  file.writeUInt32LE(1, 20);
  file.writeBigUInt64LE(BASE + BigInt(HEADER + PROGRAM_HEADER), 24); // where it starts
  file.writeBigUInt64LE(BigInt(HEADER), 32); // where the program headers are; there are no sections
  file.writeUInt16LE(HEADER, 52);
  file.writeUInt16LE(PROGRAM_HEADER, 54);
  file.writeUInt16LE(1, 56);
  // program header: load the file from its first byte on
  file.writeUInt32LE(LOAD, HEADER);
  file.writeUInt32LE(READ | EXECUTE, HEADER + 4);
  file.writeBigUInt64LE(BASE, HEADER + 16);
  file.writeBigUInt64LE(BASE, HEADER + 24);
  file.writeBigUInt64LE(BigInt(size), HEADER + 32);
  file.writeBigUInt64LE(BigInt(size), HEADER + 40);
  file.writeBigUInt64LE(PAGE, HEADER + 48);
  file.set(instructions, HEADER + PROGRAM_HEADER);
  return file;
}

/** As `uname -m` names it. */
export type ProofMachine = 'x86_64' | 'aarch64';

const HEADER = 64;
const PROGRAM_HEADER = 56;
const EXECUTABLE = 2;
const LOAD = 1;
const READ = 4;
const EXECUTE = 1;
/** Pages of arm64 may have 64 KiB. */
const PAGE = 0x10000n;
const BASE = 0x400000n;

const MACHINES: Readonly<
  Record<ProofMachine, { readonly elfMachine: number; readonly instructions: readonly number[] }>
> = {
  x86_64: {
    elfMachine: 62,
    instructions: [
      ...[0x31, 0xff], // xor edi, edi: the status
      ...[0xb8, 0x3c, 0x00, 0x00, 0x00], // mov eax, 60: exit
      ...[0x0f, 0x05], // syscall
    ],
  },
  aarch64: {
    elfMachine: 183,
    instructions: [
      ...[0x00, 0x00, 0x80, 0xd2], // mov x0, #0: the status
      ...[0xa8, 0x0b, 0x80, 0xd2], // mov x8, #93: exit
      ...[0x01, 0x00, 0x00, 0xd4], // svc #0
    ],
  },
};
