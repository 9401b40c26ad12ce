import { type ScenarioLoss, type ScenarioProfile, toNumber } from "../../src/package/browser.ts";
import { fixed, percent, signed } from "./format.ts";

/** The sixteen scenarios of one underlying: gains upward, losses downward, the worst marked. */
export function ProfileChart({ profile, symbol, money }: { profile: ScenarioProfile; symbol: string; money: string }) {
  const { scenarios, worst } = profile;
  const moves = [...new Set(scenarios.map(({ move }) => move))].sort((a, b) => a - b);
  const largest = Math.max(...scenarios.map(({ loss }) => Math.abs(toNumber(loss))), 1e-9);
  const at = scenarios.find(({ scenario }) => scenario === worst);
  return (
    <figure className="profile">
      <div className="columns" aria-hidden="true">
        {moves.map((move) => (
          <div key={move} className="column">
            <div className="bars">
              {scenarios
                .filter((each) => each.move === move)
                .map((each) => (
                  <Bar
                    key={each.scenario}
                    each={each}
                    part={toNumber(-each.loss) / largest}
                    isWorst={each.scenario === worst}
                    money={money}
                  />
                ))}
            </div>
            <span className="tick num">{move === 0 ? "0" : percent(move * 100, Math.abs(move) < 0.1 ? 1 : 0).replace(" %", "")}</span>
          </div>
        ))}
      </div>
      <figcaption>
        {at === undefined
          ? `No scenario loses in ${symbol}.`
          : `Worst: ${symbol} ${percent(at.move * 100)}${at.volatility === "mark" ? "" : `, volatility ${at.volatility}`}: ${signed(-at.loss)} ${money}${at.scenario > 14 ? " (35 % of the loss counts)" : ""}.`}{" "}
        <span className="muted">Price moves in percent; left bar volatility up, right bar down.</span>
      </figcaption>
      <table className="hidden">
        <caption>Scenarios of {symbol}</caption>
        <thead>
          <tr>
            <th scope="col">Price</th>
            <th scope="col">Volatility</th>
            <th scope="col">Gain or loss</th>
          </tr>
        </thead>
        <tbody>
          {scenarios.map(({ scenario, move, volatility, loss }) => (
            <tr key={scenario}>
              <td>{percent(move * 100)}</td>
              <td>{volatility}</td>
              <td>{fixed(-loss)}</td>
            </tr>
          ))}
        </tbody>
      </table>
    </figure>
  );
}

function Bar({ each, part, isWorst, money }: { each: ScenarioLoss; part: number; isWorst: boolean; money: string }) {
  const size = `${Math.max(Math.abs(part) * 50, 0.7)}%`;
  return (
    <span
      className={`bar ${part < 0 ? "down" : "up"}${isWorst ? " worst" : ""}`}
      style={part < 0 ? { top: "50%", height: size } : { bottom: "50%", height: size }}
      title={`Scenario ${each.scenario}: ${percent(each.move * 100)}, volatility ${each.volatility}: ${signed(-each.loss)} ${money}`}
    />
  );
}
