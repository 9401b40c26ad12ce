import { type ReactNode, useId, useState } from "react";
import type { Flow } from "./flow.ts";
import { fixed, parseAmount, plain, signed } from "./format.ts";

// What pages are made of. There are few of each kind, and everything is built from them.

export function Card({ title, actions, children, id }: { title?: ReactNode; actions?: ReactNode; children: ReactNode; id?: string }) {
  const heading = useId();
  return (
    <section className="card" aria-labelledby={title === undefined ? undefined : heading} id={id}>
      {title === undefined ? null : (
        <header>
          <h2 id={heading}>{title}</h2>
          {actions}
        </header>
      )}
      {children}
    </section>
  );
}

/** An amount for eyes, exact to the unit in `value`. */
export function Amount({
  value,
  places = 2,
  unit,
  sign,
  tone,
}: {
  value: bigint;
  places?: number;
  unit?: string;
  sign?: boolean;
  tone?: boolean;
}) {
  const className = tone ? (value < 0n ? "num bad" : value > 0n ? "num good" : "num") : "num";
  return (
    <data className={className} value={value.toString()}>
      {sign ? signed(value, places) : fixed(value, places)}
      {unit === undefined ? null : <span className="unit"> {unit}</span>}
    </data>
  );
}

/** Label and figure, one below the other. */
export function Figure({ label, children, hint, name }: { label: string; children: ReactNode; hint?: ReactNode; name?: string }) {
  return (
    <div className="figure" data-figure={name}>
      <dt>{label}</dt>
      <dd>{children}</dd>
      {hint === undefined ? null : <dd className="hint">{hint}</dd>}
    </div>
  );
}

/** Label and figure in a line, and what it becomes. */
export function Row({ label, children, name }: { label: ReactNode; children: ReactNode; name?: string }) {
  return (
    <div className="row" data-row={name}>
      <dt>{label}</dt>
      <dd>{children}</dd>
    </div>
  );
}

export function Button({
  children,
  onClick,
  why,
  kind = "plain",
  busy = false,
  type = "button",
}: {
  children: ReactNode;
  onClick?: (() => void) | undefined;
  /** Why it cannot be pressed now, in words; undefined where it can. */
  why?: string | undefined;
  kind?: "plain" | "main" | "quiet" | "buy" | "sell";
  busy?: boolean;
  type?: "button" | "submit";
}) {
  const said = useId();
  const off = why !== undefined || busy;
  return (
    <>
      <button
        type={type}
        className={`button ${kind}`}
        aria-disabled={off || undefined}
        aria-describedby={why === undefined || why === "" ? undefined : said}
        onClick={(event) => {
          if (off) event.preventDefault();
          else onClick?.();
        }}
      >
        {children}
      </button>
      {why === undefined || why === "" ? null : (
        <p className="why" id={said}>
          {why}
        </p>
      )}
    </>
  );
}

export function Field({
  label,
  hint,
  error,
  children,
}: {
  label: string;
  hint?: ReactNode;
  error?: string | undefined;
  children: (id: string, said: string) => ReactNode;
}) {
  const [id, said] = [useId(), useId()];
  return (
    <div className={error === undefined ? "field" : "field wrong"}>
      <label htmlFor={id}>{label}</label>
      {children(id, said)}
      <p className="hint" id={said}>
        {error ?? hint}
      </p>
    </div>
  );
}

/** What a field of an amount holds: what was typed, and what it is. */
export type Typed = { readonly text: string; readonly value: bigint | undefined; readonly error: string | undefined };

export function typed(text: string, digits: number): Typed {
  if (text.trim() === "") return { text, value: undefined, error: undefined };
  try {
    return { text, value: parseAmount(text, digits), error: undefined };
  } catch (error) {
    return { text, value: undefined, error: (error as Error).message };
  }
}

/** A value as it would be typed. */
export function typedValue(value: bigint, digits: number): string {
  return plain(value, digits, 0, digits).replace(/,/g, "").replace("−", "-");
}

export function AmountField({
  label,
  unit,
  digits,
  value,
  onChange,
  most,
  hint,
  mostLabel = "Max",
}: {
  label: string;
  unit: string;
  digits: number;
  value: string;
  onChange: (text: string) => void;
  /** What the button beside it fills in. */
  most?: bigint | undefined;
  mostLabel?: string;
  hint?: ReactNode;
}) {
  const { value: read, error } = typed(value, digits);
  // where a mark could be taken for the other one, the field says how it was read
  const echo = read !== undefined && /[.,'’\s]/.test(value.trim()) ? `= ${plain(read, digits, 0, digits)} ${unit}` : undefined;
  return (
    <Field label={label} error={error} hint={echo ?? hint}>
      {(id, said) => (
        <div className="input">
          <input
            id={id}
            value={value}
            onChange={(event) => onChange(event.target.value)}
            inputMode="decimal"
            autoComplete="off"
            spellCheck={false}
            aria-describedby={said}
            aria-invalid={error !== undefined}
            placeholder="0"
          />
          <span className="unit">{unit}</span>
          {most === undefined ? null : (
            <button type="button" className="button quiet" onClick={() => onChange(typedValue(most, digits))}>
              {mostLabel}
            </button>
          )}
        </div>
      )}
    </Field>
  );
}

export function Segmented<T extends string>({
  label,
  options,
  value,
  onChange,
}: {
  label: string;
  options: readonly (readonly [T, string])[];
  value: T;
  onChange: (value: T) => void;
}) {
  const name = useId();
  return (
    <fieldset className="segmented">
      <legend className="hidden">{label}</legend>
      {options.map(([key, shown]) => (
        <label key={key} className={key === value ? `on ${key}` : key}>
          <input type="radio" name={name} checked={key === value} onChange={() => onChange(key)} />
          {shown}
        </label>
      ))}
    </fieldset>
  );
}

export function Select({
  label,
  value,
  onChange,
  options,
}: {
  label: string;
  value: string;
  onChange: (value: string) => void;
  options: readonly (readonly [string, string])[];
}) {
  return (
    <Field label={label}>
      {(id) => (
        <div className="input">
          <select id={id} value={value} onChange={(event) => onChange(event.target.value)}>
            {options.map(([key, shown]) => (
              <option key={key} value={key}>
                {shown}
              </option>
            ))}
          </select>
        </div>
      )}
    </Field>
  );
}

export function FlowNote({ flow }: { flow: Flow }) {
  return (
    <div role="status" className={`flow ${flow.phase}`}>
      {flow.phase === "idle" ? null : (
        <>
          {flow.phase === "working" ? <span className="spinner" aria-hidden="true" /> : null}
          <span>{flow.text}</span>
        </>
      )}
    </div>
  );
}

export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="strong">{title}</p>
      {children}
    </div>
  );
}

export function Loading({ lines = 3 }: { lines?: number }) {
  return (
    <div className="loading" role="status">
      <span className="hidden">Loading</span>
      {Array.from({ length: lines }, (_, i) => (
        // biome-ignore lint/suspicious/noArrayIndexKey: all alike
        <span key={i} className="bar" />
      ))}
    </div>
  );
}

export function Note({ tone, children }: { tone: "warn" | "bad" | "info"; children: ReactNode }) {
  return (
    <div className={`note ${tone}`} role={tone === "bad" ? "alert" : undefined}>
      {children}
    </div>
  );
}

export function Copy({ text, label }: { text: string; label: string }) {
  const [said, say] = useState<string>();
  return (
    <button
      type="button"
      className="button plain"
      onClick={() => {
        navigator.clipboard.writeText(text).then(
          () => say("Copied"),
          () => say("The browser does not allow copying"),
        );
        setTimeout(() => say(undefined), 2_000);
      }}
    >
      <span aria-live="polite">{said ?? label}</span>
    </button>
  );
}

/** A table whose rows become cards where there is no room. */
export function Table({ label, head, children }: { label: string; head: readonly string[]; children: ReactNode }) {
  return (
    <table className="table" aria-label={label}>
      <thead>
        <tr>
          {head.map((each) => (
            <th key={each} scope="col">
              {each}
            </th>
          ))}
        </tr>
      </thead>
      <tbody>{children}</tbody>
    </table>
  );
}

export function Cell({ label, children }: { label: string; children: ReactNode }) {
  return <td data-label={label}>{children}</td>;
}
