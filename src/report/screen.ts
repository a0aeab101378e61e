/** The part of stderr's terminal that is drawn again in place; everything else that is written goes above it. */
export interface Screen {
  /** Draws lines in place of those drawn before, each on one row of the terminal; none takes them away. */
  draw(lines: readonly string[]): void;
  /** Leaves what is drawn as it is, and begins below it. */
  leave(): void;
  /** Writes something else above what is drawn. */
  aside(write: () => void): void;
  /** Takes away what is drawn, and draws nothing until it is `false` again. */
  pause(paused: boolean): void;
  /** The size at this moment: people resize terminals. */
  size(): { readonly columns: number; readonly rows: number };
}

const HIDE = '\u001b[?25l';
const SHOW = '\u001b[?25h';

/** The screen of a terminal's stream. */
export function screenOn(stream: NodeJS.WriteStream): Screen {
  let drawn: readonly string[] = [];
  let wanted: readonly string[] = [];
  let paused = false;

  const size = () => ({ columns: stream.columns || 80, rows: stream.rows || 24 });

  /** A terminal that became narrower since has broken the lines. */
  function erased(): string {
    const { columns } = size();
    const rows = drawn.reduce((sum, line) => sum + Math.max(1, Math.ceil(widthOf(line) / columns)), 0);
    drawn = [];
    return rows === 0 ? '' : `\r\u001b[${Math.min(rows, size().rows)}A\u001b[J`;
  }

  function redraw(): void {
    const before = drawn.length > 0;
    const text = erased();
    drawn = paused ? [] : wanted.slice(-Math.max(1, size().rows - 1));
    const cursor = drawn.length > 0 ? HIDE : before ? SHOW : '';
    const all = `${text}${drawn.map((line) => `${line}\n`).join('')}${cursor}`;
    if (all !== '') stream.write(all);
  }

  return {
    size,
    draw: (lines) => {
      wanted = lines;
      redraw();
    },
    leave: () => {
      if (drawn.length > 0) stream.write(SHOW);
      drawn = [];
      wanted = [];
    },
    aside: (write) => {
      const text = erased();
      if (text !== '') stream.write(text);
      write();
      if (text !== '') redraw();
    },
    pause: (now) => {
      paused = now;
      redraw();
    },
  };
}

/** How many columns a line takes: without what colours it; signs of the far east and pictures take two. */
export function widthOf(line: string): number {
  let width = 0;
  for (const sign of plain(line)) width += columnsOf(sign);
  return width;
}

/** As much of a line as fits into so many columns, with … where something is left out. */
export function fitted(line: string, columns: number): string {
  if (widthOf(line) <= columns) return line;
  let taken = '';
  let width = 0;
  for (const sign of line) {
    if (width + columnsOf(sign) > columns - 1) break;
    taken += sign;
    width += columnsOf(sign);
  }
  return columns > 0 ? `${taken}…` : '';
}

function plain(line: string): string {
  return line.replace(/\u001b\[[0-9;]*m/g, '');
}

function columnsOf(sign: string): number {
  if (/\p{Mn}|\p{Me}|\p{Cf}/u.test(sign)) return 0;
  return /[\u1100-\u115f\u2e80-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6]|\p{Emoji_Presentation}/u.test(
    sign,
  )
    ? 2
    : 1;
}
