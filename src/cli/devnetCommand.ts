import type { Command } from "commander";
import { z } from "zod";
import { writeDeployment } from "../sdk/deploymentFile.ts";
import { explainError } from "../sdk/errors.ts";
import { startDevnet } from "../simulator/devnet.ts";
import { readArguments, whole } from "./arguments.ts";
import { home } from "./home.ts";
import { builtPage, servePage } from "./pageServer.ts";
import { namesIn, turnLines } from "./turnLines.ts";

const PORT = "8545";

const schema = z.object({
  port: whole(1, 65_535),
  pagePort: whole(1, 65_535).optional(),
  keeperDelay: whole(0, 86_400),
  keeper: z.boolean(),
  page: z.boolean(),
});

const PRICE_INTERVAL = 15_000;
const KEEPER_INTERVAL = 2_000;

export function addDevnetCommand(program: Command): void {
  program
    .command("devnet")
    .description("a local chain with everything deployed, funded accounts, prices and a keeper; Ctrl-C ends it")
    .option("--port <number>", "of JSON-RPC", PORT)
    .option("--keeper-delay <seconds>", "until the keeper's first turn", "30")
    .option("--no-keeper", "leave liquidations to you")
    .option("--page-port <number>", "of the wallet page; the one after --port by default")
    .option("--no-page", "do not serve the wallet page")
    .action(async (options: unknown) => {
      const { port, pagePort = port + 1, keeperDelay, keeper, page } = readArguments(schema, options);
      say("deploying …");
      const devnet = await startDevnet(port);
      writeDeployment(home(), devnet.record);
      say(`JSON-RPC on ${devnet.url}, chain ${devnet.record.chainId}; addresses in deployments/local.json`);
      say("accounts are those of every Hardhat chain; tokens come from a faucet: plimsoll faucet pUSD 1000 --as 10");
      for (const line of devnet.positions) say(line);
      // commands look for a local chain there
      const where = String(port) === PORT ? "" : ` --rpc ${devnet.url}`;
      say(`try: ${["accounts", "account --as 11", "price set ETH 1750"].map((each) => `plimsoll ${each}${where}`).join(" · ")}`);
      say(`series of options and dated futures: ${devnet.series.join(", ")}; try: plimsoll series show ${devnet.series[0]}${where}`);
      if (keeper) say(`the keeper's first turn is in ${keeperDelay} s`);

      const folder = page ? builtPage() : undefined;
      const served =
        folder === undefined
          ? undefined
          : await servePage({ record: devnet.record, node: devnet.url, folder, host: "127.0.0.1", port: pagePort }).catch(async (error) => {
              await devnet.close();
              throw error;
            });
      if (served !== undefined) say(`the wallet page: ${served.url}`);
      else if (page) say("the wallet page is not built: npm run build:page");

      const timers = [every(PRICE_INTERVAL, devnet.refreshPrices)];
      const starts = keeper
        ? setTimeout(() => {
            timers.push(
              every(KEEPER_INTERVAL, async () => {
                const turn = await devnet.keep();
                for (const line of turnLines(turn, namesIn(devnet.record, devnet.state()))) say(line);
              }),
            );
          }, keeperDelay * 1000)
        : undefined;
      await new Promise<void>((resolve) => {
        process.once("SIGINT", resolve);
        process.once("SIGTERM", resolve);
      });
      clearTimeout(starts);
      await Promise.all(timers.map((stop) => stop()));
      await served?.close();
      await devnet.close();
      say("ended");
      process.exit(0);
    });
}

function say(line: string): void {
  process.stdout.write(`${line}\n`);
}

/** Runs `work` again and again, one run after the other; what is returned stops it and waits for the run under way. */
function every(pause: number, work: () => Promise<void>): () => Promise<void> {
  let stopped = false;
  let wake = (): void => {};
  const running = (async () => {
    while (!stopped) {
      try {
        await work();
      } catch (error) {
        if (!stopped) say(`failed: ${explainError(error)}`);
      }
      if (stopped) break;
      await new Promise<void>((resolve) => {
        const timer = setTimeout(resolve, pause);
        wake = () => {
          clearTimeout(timer);
          resolve();
        };
      });
    }
  })();
  return async () => {
    stopped = true;
    wake();
    await running;
  };
}
