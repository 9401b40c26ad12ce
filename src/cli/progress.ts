/** One line on standard error that says how far a run is; nothing where standard error is no terminal but the change of stages. */
export type ProgressLine = { readonly show: (stage: string, done: number, of: number, note?: string) => void; readonly end: () => void };

const WIDTH = 24;

export function progressLine(stream: NodeJS.WriteStream = process.stderr): ProgressLine {
  const started = performance.now();
  let last: string | undefined;
  const clear = (): void => void (stream.isTTY && stream.write("\r\x1b[2K"));
  return {
    show: (stage, done, of, note) => {
      const seconds = ((performance.now() - started) / 1000).toFixed(0).padStart(3);
      if (!stream.isTTY) {
        if (stage !== last) stream.write(`${seconds} s  ${stage}\n`);
        last = stage;
        return;
      }
      const filled = of <= 1 ? 0 : Math.round((done / of) * WIDTH);
      const bar = of <= 1 ? "" : `${"█".repeat(filled)}${"░".repeat(WIDTH - filled)} ${Math.floor((done / of) * 100)} %  `;
      clear();
      stream.write(`${seconds} s  ${stage.padEnd(15)} ${bar}${note ?? ""}`.slice(0, (stream.columns ?? 100) - 1));
    },
    end: clear,
  };
}
