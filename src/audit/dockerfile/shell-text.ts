import { type Instruction, JSONInstruction, Run } from 'dockerfile-ast';
import { execCommand, type ShellCommand, shellCommands } from './shell-commands.ts';

/** The commands of a `RUN`, wherever they stand in its shell text. */
export function commandsOf(instruction: Instruction): readonly ShellCommand[] {
  const strings = instruction instanceof JSONInstruction ? instruction.getJSONStrings() : [];
  const raw = instruction.getRawArgumentsContent() ?? instruction.getArgumentsContent() ?? '';
  const words = strings.length > 0 ? jsonArray(raw) : undefined;
  if (words) return execCommand(words);
  const lines = raw.split('\n');
  // Docker takes comments out between the lines of a command
  const heredocs = instruction instanceof Run ? instruction.getHeredocs() : [];
  const code = lines.filter((line, index) => index === 0 || heredocs.length > 0 || !/^\s*#/.test(line)).join('\n');
  const text = heredocs.length > 0 ? code : code.replace(/[\\`][ \t]*\n/g, ' ').replace(/\n/g, ' ');
  const found = shellCommands(text);
  // A heredoc that nothing reads is the script itself.
  const script = /^\s*<<-?\s*["']?(\w+)["']?\s*\n([\s\S]*)\n\s*\1\s*$/.exec(raw)?.[2];
  return script === undefined ? found : [...found, ...shellCommands(script)];
}

/** What a `RUN` gives to its shell, on one line for each command line: continuations joined, comments out, heredocs as they stand. */
export function shellText(instruction: Instruction): string {
  const strings = instruction instanceof JSONInstruction ? instruction.getJSONStrings() : [];
  const raw = instruction.getRawArgumentsContent() ?? instruction.getArgumentsContent() ?? '';
  if (strings.length > 0) {
    const parsed = jsonArray(raw);
    if (parsed) return parsed.join(' ');
  }
  const heredocs = instruction instanceof Run ? instruction.getHeredocs() : [];
  const lines = raw.split('\n');
  const code = lines.filter((line, index) => index === 0 || !/^\s*#/.test(line)).join('\n');
  return heredocs.length > 0 ? code : code.replace(/[\\`]\s*\n/g, ' ').replace(/\n/g, ' ');
}

function jsonArray(text: string): readonly string[] | undefined {
  try {
    const value: unknown = JSON.parse(text.replace(/\\\n/g, ' '));
    return Array.isArray(value) && value.every((each) => typeof each === 'string') ? value : undefined;
  } catch {
    return undefined;
  }
}

/** The commands of a shell text, as far as `;`, `&&`, `||`, `|` and newlines part them; what stands in quotes is not looked into. */
export function commands(text: string): readonly string[] {
  return text
    .split(/&&|\|\||[;|\n]|(?:^|\s)(?:then|do|else)(?=\s)/)
    .map((command) => command.trim().replace(/^[({!]\s*/, ''))
    .filter(Boolean);
}
