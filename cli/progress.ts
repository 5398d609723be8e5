/** A progress bar on a terminal, a line now and then elsewhere. */

export interface Progress {
  update(done: number, total: number, note: string): void;
  end(): void;
}

export function createProgress(out: NodeJS.WriteStream): Progress {
  const width = 28;
  let lastTenth = -1;
  return {
    update(done, total, note) {
      const share = total === 0 ? 1 : done / total;
      if (out.isTTY) {
        const full = Math.round(share * width);
        out.write(
          `\r\u001b[K${'█'.repeat(full)}${'░'.repeat(width - full)} ${String(Math.round(share * 100)).padStart(3)} %  ${note}`,
        );
        return;
      }
      const tenth = Math.floor(share * 10);
      if (tenth > lastTenth) out.write(`${String(tenth * 10).padStart(3)} %  ${note}\n`);
      lastTenth = Math.max(lastTenth, tenth);
    },
    end() {
      if (out.isTTY) out.write('\r\u001b[K');
    },
  };
}
