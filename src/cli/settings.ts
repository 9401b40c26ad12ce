import { readFileSync } from "node:fs";
import type { Command, Option } from "commander";
import JSON5 from "json5";
import type { z } from "zod";
import { BadInput } from "../sdk/failure.ts";

/** Where a setting was given, for whoever has to mend it. */
type Given = { readonly value: unknown; readonly place: string };

const PREFIX = "PLIMSOLL_";

/** The variable of the environment that an option may be given by. */
export function variableOf(name: string): string {
  return `${PREFIX}${name.replaceAll("-", "_").toUpperCase()}`;
}

/**
 * Settings of a command from its flags, the environment and a file, in this order, all through one schema.
 * @param file JSON5: an object with the names of flags
 * @throws BadInput with every mistake, each with the place where it was made
 */
export function readSettings<Schema extends z.ZodType>(
  schema: Schema,
  command: Command,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>> = process.env,
): { readonly settings: z.infer<Schema>; readonly options: Readonly<Record<string, unknown>> } {
  const mistakes: string[] = [];
  const told = file === undefined ? {} : readObject(file);
  const known = command.options.filter(({ attributeName, long }) => long !== "--config" && attributeName !== undefined);
  const names = new Map(known.map((option) => [nameOf(option), option]));
  for (const name of Object.keys(told)) if (!names.has(name)) mistakes.push(`${file}: there is no setting "${name}"`);
  const values: Record<string, unknown> = {};
  const places = new Map<string, string>();
  for (const [name, option] of names) {
    const given = givenFor(option, name, command, told, file, environment);
    if (given === undefined) continue;
    values[option.attributeName()] = given.value;
    places.set(option.attributeName(), given.place);
  }
  const result = schema.safeParse(values);
  if (!result.success) {
    for (const { path, message } of result.error.issues) {
      const [attribute = "", ...rest] = path.map(String);
      const place = places.get(attribute) ?? `--${kebab(attribute)}`;
      mistakes.push(`${[place, ...rest.filter((part) => !/^\d+$/.test(part))].join(".")}: ${message}`);
    }
  }
  if (mistakes.length > 0 || !result.success) throw new BadInput(mistakes.join("; "));
  return { settings: result.data, options: values };
}

function givenFor(
  option: Option,
  name: string,
  command: Command,
  told: Readonly<Record<string, unknown>>,
  file: string | undefined,
  environment: Readonly<Record<string, string | undefined>>,
): Given | undefined {
  const attribute = option.attributeName();
  const value = command.getOptionValue(attribute) as unknown;
  const flag = { value, place: `--${name}` };
  if (command.getOptionValueSource(attribute) === "cli") return flag;
  const variable = variableOf(name);
  const text = environment[variable];
  if (text !== undefined && text !== "") return { value: ofText(option, value, text), place: variable };
  if (name in told) return { value: ofFile(option, value, told[name]), place: `${file}, ${name}` };
  return value === undefined ? undefined : flag;
}

/** A switch is given by a word; a setting that may be given several times by all of them, with a space or a comma between. */
function ofText(option: Option, usual: unknown, text: string): unknown {
  if (option.isBoolean() || option.negate) return /^(true|1|yes|on)$/i.test(text) ? true : /^(false|0|no|off)$/i.test(text) ? false : text;
  return Array.isArray(usual) ? text.split(/[\s,]+(?=https?:)/) : text;
}

/** Numbers of a file are what the same digits are on the command line. */
function ofFile(option: Option, usual: unknown, value: unknown): unknown {
  if (Array.isArray(usual)) return (Array.isArray(value) ? value : [value]).map(String);
  return option.isBoolean() || option.negate || typeof value !== "number" ? value : String(value);
}

/** What an option is called where it is not negated: caps for --no-caps. */
function nameOf(option: Option): string {
  return kebab(option.attributeName());
}

function kebab(name: string): string {
  return name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
}

function readObject(file: string): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON5.parse(readFileSync(file, "utf8"));
  } catch (error) {
    throw new BadInput(error instanceof SyntaxError ? `${file} is not JSON5: ${error.message}` : `cannot read ${file}`);
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) throw new BadInput(`${file} holds no object of settings`);
  return value as Record<string, unknown>;
}
