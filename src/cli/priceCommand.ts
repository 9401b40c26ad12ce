import type { Command } from "commander";
import { z } from "zod";
import { type OptionPrices, price as priceByEngine } from "../engine/math/options/black76.ts";
import { WAD } from "../engine/types/fixedPoint.ts";
import { formatDecimal, parseDecimal } from "../sdk/amounts.ts";
import { BadInput, Failure } from "../sdk/failure.ts";
import { vaultReader } from "../sdk/readState.ts";
import { LOCAL_ROLES, movePrice } from "../simulator/devnet.ts";
import { LOCAL_CHAIN, localWallet } from "../simulator/localAccounts.ts";
import type { OptionTerms } from "../simulator/optionPricer.ts";
import { report } from "./accountCommands.ts";
import { decimalWithin, readArguments } from "./arguments.ts";
import { findUnderlying, openContext, parseAmount, withNetwork } from "./context.ts";
import { printJson, printRows, printTable } from "./output.ts";
import { addPricePosting, STATES } from "./pricePosting.ts";

// The box in which the formula is held to 1e-12 of the forward; strikes are within as many forwards of it.
const FARTHEST = 20n;
const termsSchema = z.object({
  forward: decimalWithin("0.000001", "1000000000000"),
  strike: decimalWithin("0.00000005", "20000000000000"),
  years: decimalWithin("0.0000019", "2", "0.0000019 (one minute)"),
  volatility: decimalWithin("0.01", "5", "0.01 (1 %)"),
  rate: decimalWithin("-1", "1"),
});

export function addPriceCommand(program: Command): void {
  const group = program
    .command("price")
    .description("prices of the underlyings, and of options by Black-76")
    .addHelpText("after", "\nplimsoll price is plimsoll price show; with --forward and the other terms it is plimsoll price option");

  // what is meant when no subcommand is named
  withTerms(withNetwork(group.command("default", { isDefault: true, hidden: true }))).action((options: Terms) =>
    (options.forward ?? options.strike ?? options.years ?? options.volatility ?? options.rate)
      ? showOption(options)
      : showUnderlyings(options),
  );
  withNetwork(group.command("show")).description("the prices of the vault").action(showUnderlyings);
  withTerms(group.command("option"))
    .option("--json", "print one JSON object", false)
    .description("a European call and put on a forward, by the contract (run in this process) and by the engine")
    .action(showOption);
  addPricePosting(group);
  withNetwork(group.command("set").argument("<underlying>").argument("<price>", "for one unit"))
    .description("post a price on a local chain and refresh its series; a jump is confirmed by moving the chain's clock a minute")
    .action(async (symbol: string, text: string, options: unknown) => {
      const context = await openContext(options);
      const { record, rpc } = context;
      const { index } = findUnderlying(record, symbol);
      const value = parseAmount(text, 18);
      if (record.chainId !== LOCAL_CHAIN)
        throw new BadInput(`prices of ${record.network} are not ours to set: only those of a local chain (plimsoll price post)`);
      await movePrice(rpc, record, index, value, (calls) => context.send(calls, localWallet(LOCAL_ROLES.poster)));
      report(
        context,
        { underlying: symbol.toUpperCase(), price: formatDecimal(value) },
        `${symbol.toUpperCase()} is at ${formatDecimal(value)}`,
      );
    });
}

type Terms = {
  readonly forward?: string;
  readonly strike?: string;
  readonly years?: string;
  readonly volatility?: string;
  readonly rate?: string;
  readonly json: boolean;
};

function withTerms(command: Command): Command {
  return command
    .option("--forward <price>", "of the underlying at expiry")
    .option("--strike <price>", "0.05 to 20 forwards")
    .option("--years <number>", "to expiry: one minute to 2")
    .option("--volatility <number>", "a year: 0.01 to 5")
    .option("--rate <number>", "continuously compounded, a year: -1 to 1; 0 by default");
}

async function showOption({ json, rate = "0", ...given }: Terms): Promise<void> {
  const { years: time, ...rest } = readArguments(termsSchema, { ...given, rate });
  const terms: OptionTerms = { ...rest, time };
  const { forward, strike } = terms;
  if (FARTHEST * strike < forward || strike > FARTHEST * forward)
    throw new BadInput(
      `--strike: must be from 0.05 to 20 forwards, here ${formatDecimal((forward + FARTHEST - 1n) / FARTHEST)} to ${formatDecimal(FARTHEST * forward)}`,
    );
  const engine = priceByEngine(forward, strike, time, terms.volatility, terms.rate);
  const { priceByContract } = await import("../simulator/optionPricer.ts");
  const contract = await priceByContract(terms);
  if (json) printJson({ contract: shown(contract), engine: shown(engine) });
  else {
    const { call, put } = shown(contract);
    printRows([
      ["call", call],
      ["put", put],
    ]);
  }
  if (contract.call === engine.call && contract.put === engine.put) {
    if (!json) process.stdout.write("contract and engine agree to the unit\n");
    return;
  }
  throw new Failure(`contract and engine disagree: the engine says call ${shown(engine).call}, put ${shown(engine).put}`);
}

/** All 18 decimals. */
function shown({ call, put }: OptionPrices): { readonly call: string; readonly put: string } {
  const decimals = (amount: bigint): string => `${amount / WAD}.${(amount % WAD).toString().padStart(18, "0")}`;
  return { call: decimals(call), put: decimals(put) };
}

async function showUnderlyings(options: unknown): Promise<void> {
  const context = await openContext(options);
  const { underlyings } = await vaultReader(context.rpc, context.record.contracts.vault).shared();
  const rows = underlyings.map((each, i) => ({
    underlying: context.record.underlyings[i]?.symbol ?? String(i),
    price: each.price === 0n ? "–" : formatDecimal(each.price * 10n ** each.lotExponent),
    state: each.price === 0n ? "never posted" : (STATES[Number(each.priceState)] ?? "unknown"),
    scanRange: formatDecimal(each.heldRange, 9),
    openInterest: formatDecimal(each.funding.openInterest, Number(each.lotExponent)),
    // of eight hours, what longs pay shorts
    fundingRate: formatDecimal(each.funding.rate, 9),
  }));
  if (context.json) printJson({ prices: rows });
  else
    printTable(
      ["underlying", "price", "state", "scan range", "open interest", "longs pay in 8 h"],
      rows.map((row) => [
        ...[row.underlying, row.price, row.state, row.scanRange, row.openInterest],
        `${formatDecimal(parseDecimal(row.fundingRate) * 100n)} %`,
      ]),
    );
}
