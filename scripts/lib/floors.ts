import type { ImportGraph } from "./importGraph.ts";

/** The floors of contracts, engine and tests, from the ground up: each knows those below it. */
export const FLOORS = ["types", "words", "interfaces", "math", "ledger", "margin", "actions", "vault"] as const;

const OPEN = ["types", "words", "interfaces", "math"];

/** Outside the walls: what knows the vault through its interfaces, and which floors it compiles itself beside the open ones. */
export const OUTSIDE: Readonly<Record<string, readonly string[]>> = {
  orders: [],
  insurance: [],
  liquidation: [],
  pool: [],
  sources: [],
  lens: ["ledger", "margin"],
  scan: ["ledger", "margin"], // of the engine alone
};

/** What the modules of `src` beside the engine may import of one another. */
const MODULES: Readonly<Record<string, readonly string[]>> = {
  checker: [], // an independent judge: not even the engine
  forecast: ["engine", "data"],
  sdk: ["engine"],
  data: ["sdk"],
  deployment: ["engine", "sdk"],
  keeper: ["engine", "sdk"],
  report: ["engine"],
  simulator: ["engine", "checker", "data", "forecast", "sdk", "deployment", "keeper", "report"],
  cli: ["engine", "checker", "data", "forecast", "sdk", "deployment", "keeper", "report", "simulator"],
  package: ["engine", "sdk", "keeper", "cli"], // entries of what is published
  app: ["package"], // as a stranger's page would
};

/** The floors of the simulator, from the ground up; what lies beside them plays the demo on a chain and may know them all. */
export const SIMULATOR_FLOORS = ["numbers", "prices", "world", "agents", "runs", "sweeps"] as const;

const simulatorFloorOf = (file: string): number => {
  const [, module, floor = "", name] = file.split("/");
  return module === "simulator" && name !== undefined ? (SIMULATOR_FLOORS as readonly string[]).indexOf(floor) : SIMULATOR_FLOORS.length;
};

/** Folders of `test` that may import everything: what crosses floors, what is not of the protocol, and what sets worlds up. */
const FREE_TESTS = ["whole", "helpers", "checker", "data", "deployment", "forecast", "keeper", "package", "simulator", "tools"];

interface Place {
  readonly tree: "contracts" | "engine" | "test" | "src" | "other";
  /** Floor, room outside the walls, or module. */
  readonly room: string;
}

/** Where a file lives. */
export function placeOf(file: string): Place {
  const [first = "", second = "", third = ""] = file.split("/");
  if (first === "src" && second === "engine") return { tree: "engine", room: third };
  if (first === "app") return { tree: second === "test" ? "other" : "src", room: "app" };
  if (first === "contracts" || first === "test" || first === "src") return { tree: first, room: second };
  return { tree: "other", room: first };
}

const floorOf = (room: string): number => (FLOORS as readonly string[]).indexOf(room);

/** Whether a room of the protocol may know another. */
function mayKnow(from: string, to: string): boolean {
  if (from === to) return true;
  if (floorOf(from) >= 0) return floorOf(to) >= 0 && floorOf(to) < floorOf(from);
  return OPEN.includes(to) || (OUTSIDE[from]?.includes(to) ?? false);
}

const isRoom = (room: string): boolean => floorOf(room) >= 0 || room in OUTSIDE;

/** A folder of `test`: proofs lie in folders of their own by floor, each with what proves that floor. */
const PROOFS = "proofs";

/** Why `file` may not import `target`, if it may not. */
function breach(file: string, target: string): string | undefined {
  const [from, to] = [placeOf(file), placeOf(target)];
  const wrong = `${file} imports ${target}`;
  if (from.tree === "contracts") {
    // what is deployed knows nothing of tests
    if (from.room === "test") return to.tree === "contracts" ? undefined : wrong;
    return to.tree === "contracts" && mayKnow(from.room, to.room) ? undefined : wrong;
  }
  if (from.tree === "engine") {
    // orders of the engine are settled by its actions, and its pool trades through them
    return to.tree === "engine" && (["orders", "pool"].includes(from.room) || mayKnow(from.room, to.room)) ? undefined : wrong;
  }
  if (from.tree === "src") {
    if (to.tree === "other") return undefined; // generated types
    const module = to.tree === "engine" ? "engine" : to.room;
    if (from.room === "simulator" && module === "simulator" && simulatorFloorOf(target) > simulatorFloorOf(file)) return wrong;
    return (to.tree === "engine" || to.tree === "src") && (module === from.room || MODULES[from.room]?.includes(module))
      ? undefined
      : wrong;
  }
  if (from.tree === "test" && from.room === PROOFS) {
    const floor = file.split("/")[2] ?? "";
    return to.room === PROOFS || (to.tree === "contracts" && mayKnow(floor, to.room)) ? undefined : wrong;
  }
  if (from.tree === "test" && floorOf(from.room) >= 0) {
    if (to.tree === "engine") return mayKnow(from.room, to.room) ? undefined : wrong;
    if (to.tree === "test") return to.room === "helpers" || mayKnow(from.room, to.room) ? undefined : wrong;
  }
  return undefined;
}

/** Every import that runs upwards or through a wall, and every file that lives nowhere. */
export function breachesIn(graph: ImportGraph): string[] {
  return [...graph].flatMap(([file, targets]) => {
    const { tree, room } = placeOf(file);
    const known =
      tree === "other" ||
      (tree === "src" && room in MODULES && simulatorFloorOf(file) >= 0) ||
      (tree === "contracts" && room === "test") ||
      (tree === "test" && (FREE_TESTS.includes(room) || room === PROOFS || isRoom(room))) ||
      ((tree === "contracts" || tree === "engine") && isRoom(room));
    return known ? targets.flatMap((target) => breach(file, target) ?? []) : [`${file}: no floor is called ${room}`];
  });
}
