import { abs, min, WAD } from "../../types/fixedPoint.ts";
import { squareRootDown } from "../../types/squareRoot.ts";

// The twin of contracts/math/options/Black76.sol, where the formulas and their sources stand. Shifts and divisions round as the machine does:
// a shift down, a division of signed numbers toward zero.

const YEAR = 31_536_000n;
const FAR = 16n << 56n;
const FROM_WAD = 24519928653854221733733552434404946938n;
const HALF_LOG2_E = 245461841629398282873184673143046618761n;
const LOG2_E_FROM_WAD = 490923683258796565746n;
const LN2 = 235865763225513294137944142764154484399253711888205176847n;

/** A European call and put on the same forward, strike and expiry, in units of the forward. */
export interface OptionPrices {
  readonly call: bigint;
  readonly put: bigint;
}

/**
 * Call and put before discount.
 * @param logMoneyness ln(F/K), 18 decimals
 * @param totalVolatility σ√T, 18 decimals
 * @example undiscounted(100n * WAD, 100n * WAD, 0n, WAD / 5n) // about 7.97 each
 */
export function undiscounted(forward: bigint, strike: bigint, logMoneyness: bigint, totalVolatility: bigint): OptionPrices {
  const width = (totalVolatility * FROM_WAD) >> 128n;
  const d1 = (totalVolatility === 0n ? 0n : (logMoneyness << 56n) / totalVolatility) + (width >> 1n);
  const d2 = d1 - width;
  const a = abs(d1);
  const b = abs(d2);
  let value = 0n;
  if ((a | b) < FAR) {
    const { mantissa, halvings } = powerOfTwo((a * a * HALF_LOG2_E) >> 176n);
    const weight = (d2 < 0n ? -ratio(b) : ratio(b)) - (d1 < 0n ? -ratio(a) : ratio(a));
    value = (forward * mantissa * weight) >> (128n + halvings);
  }
  const least = min(forward, strike);
  if (d1 < 0n !== d2 < 0n) value += least;
  if (value < 0n) value = 0n;
  return { call: value + forward - least, put: value + strike - least };
}

/** ln(F/K) of a forward and a strike above zero, 18 decimals, rounded down. */
export function logMoneynessOf(forward: bigint, strike: bigint): bigint {
  let [above, below, doublings] = [forward, strike, 0n];
  for (; 5n * above > 7n * below; doublings++) below <<= 1n;
  for (; 10n * above < 7n * below; doublings--) above <<= 1n;
  const s = ((above - below) << 64n) / (above + below);
  const u = (s * s) >> 64n;
  let n = (4376293587820395894283164225646296118127n - 6091840864775153312n * u) * u;
  n = (473034415855901676101377680406678048842659408065673813546429n - n) >> 128n;
  n = (46858142230075896561363955201159785562719n - n * u) * u;
  n = 484432835515080029742374732946598001826819875729906917487307n - n;
  let d = (19464151387877680110105027545097141695283n - (270552246414406757035n - u) * u) * u;
  d = (512928884663025913844867364296397884287221044890489677339502n - d) >> 128n;
  d = 13130578317219069915547042391533786064278n - d * u;
  return ((n / d) * s * WAD + doublings * LN2) >> 128n;
}

/** √T of a number of seconds, in years, 18 decimals, rounded down. */
export function rootOfSeconds(elapsed: bigint): bigint {
  return squareRootDown((elapsed * WAD * WAD) / YEAR);
}

/** √T of a number of years, both with 18 decimals, rounded down. */
export function rootOfYears(time: bigint): bigint {
  return squareRootDown(time * WAD);
}

/** σ√T, 18 decimals, rounded down. */
export function totalVolatilityOf(volatility: bigint, rootTime: bigint): bigint {
  return (volatility * rootTime) / WAD;
}

/**
 * Call and put paid for today. Time in years, volatility and the continuously compounded rate a year, with 18 decimals.
 * @example price(620n * WAD, 600n * WAD, WAD / 2n, WAD / 5n, WAD / 20n) // a call of 44.19, Hull's gold option
 */
export function price(forward: bigint, strike: bigint, time: bigint, volatility: bigint, rate: bigint): OptionPrices {
  const total = totalVolatilityOf(volatility, rootOfYears(time));
  const prices = undiscounted(forward, strike, logMoneynessOf(forward, strike), total);
  return rate === 0n ? prices : discounted(prices, (rate * time) / WAD);
}

/** Both prices times e^(−interest), rounded down. `interest` is r·T, 18 decimals, within ±30. */
export function discounted({ call, put }: OptionPrices, interest: bigint): OptionPrices {
  const { mantissa, halvings } = powerOfTwo((interest * LOG2_E_FROM_WAD) >> 64n);
  const shift = 64n + halvings;
  return { call: (call * mantissa) >> shift, put: (put * mantissa) >> shift };
}

/** R(z) = e^(z²/2)·N(−z) with 64 binary digits, of a z with 56, 0 ≤ z < 16. */
function ratio(z: bigint): bigint {
  let n = (28747348857212273n * z + 41143395957025152832947849934733422n) * z;
  n = (n + 26980732752871533805531235360985343209811076665936433n) * z;
  n = (n + 10343999917740539626930689519775250210448526053760394589738159174582272n) >> 168n;
  n = (n * z + 6584000817242073021632923768027646857n) * z;
  n = (n + 936388501998891327516965400078519978621270459431354227n) * z;
  n += 67166833328294380142111850684657674820609433234301260852192453284855808n;
  let d = (z + 1431287664904573042n) * z;
  d = (d + 943676185817339511093988499179288963n) * z;
  d = (d + 367339445842475648668689738342115812248897407650441409n) * z;
  d = (d + 90457130868604012900754233966582697767629126518030922902998808631705600n) >> 168n;
  d = (d * z + 37439611786819619451461018846282518378n) * z;
  d = (d + 3360236584800827052851545663634034322303900874337658625n) * z;
  d += 134333666656588760284223701369315349641218866468602521704384906569711616n;
  return n / (d >> 64n);
}

/** 2^(−t) = mantissa/2^64 · 2^(−halvings) of a signed t with 64 binary digits. */
function powerOfTwo(t: bigint): { readonly mantissa: bigint; readonly halvings: bigint } {
  const moved = t + (1n << 63n);
  const v = (1n << 63n) - BigInt.asUintN(64, moved);
  const u = (v * v) >> 64n;
  let even = (u + 32251363969077190517226n) * u + 111444694057059689131393070204381188696074484n;
  even = even * u + 37653978376212898456018574774723707278025703676369690092068118528n;
  let odd = (1117747100218923089307n * u + 10299676729868882174638775129668684727861639n) * u;
  odd = ((odd + 13049874474168559108536964043853715449022919189689656892730633216n) >> 64n) * v;
  return { mantissa: (even + odd) / ((even - odd) >> 64n), halvings: moved >> 64n };
}

/** √ of a variance time in years, 18 decimals, rounded down. */
export function rootOf(varianceTime: bigint): bigint {
  return squareRootDown((varianceTime * WAD) / YEAR);
}
