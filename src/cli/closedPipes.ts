/** Output that nobody reads any more (`… | head -1`, a log reader that went away) is dropped, and the command goes on to its end. */
export function surviveClosedPipes(): void {
  for (const stream of [process.stdout, process.stderr]) {
    stream.on("error", (error: NodeJS.ErrnoException) => {
      if (error.code !== "EPIPE") throw error;
    });
  }
}
