import { Argument, type Command } from "commander";

const SHELLS = ["bash", "zsh", "fish"] as const;

const WHERE = `
bash: eval "$(plimsoll completion bash)" in ~/.bashrc
zsh:  eval "$(plimsoll completion zsh)" in ~/.zshrc, after compinit
fish: plimsoll completion fish > ~/.config/fish/completions/plimsoll.fish`;

export function addCompletionCommand(program: Command): void {
  program
    .command("completion")
    .addArgument(new Argument("<shell>").choices(SHELLS))
    .description("a script that completes commands and options in a shell")
    .addHelpText("after", WHERE)
    .action((shell: (typeof SHELLS)[number]) => {
      const places = placesOf(program);
      process.stdout.write(shell === "fish" ? fish(places) : bash(places, shell));
    });
}

/** A command by the way to it, and what may come after. */
type Place = {
  readonly path: readonly string[];
  readonly commands: readonly Command[];
  readonly options: readonly { readonly flag: string; readonly description: string }[];
};

function placesOf(command: Command, path: readonly string[] = []): Place[] {
  // commander has no other name for what it leaves out of the help
  const commands = command
    .createHelp()
    .visibleCommands(command)
    .filter((each) => each.name() !== "help");
  const options = command
    .createHelp()
    .visibleOptions(command)
    .flatMap(({ long, description }) => (long == null ? [] : [{ flag: long, description }]));
  return [{ path, commands, options }, ...commands.flatMap((each) => placesOf(each, [...path, each.name()]))];
}

/** For bash, and for zsh, which takes the same. What is no command is completed as a file. */
function bash(places: readonly Place[], shell: "bash" | "zsh"): string {
  const keyOf = (path: readonly string[]): string => `"${path.map((name) => `/${name}`).join("")}"`;
  const ways = places.filter(({ path }) => path.length > 0).map(({ path }) => keyOf(path));
  const lines = places.map(({ path, commands, options }) => {
    const words = [...commands.map((each) => each.name()), ...options.map(({ flag }) => flag)];
    return `    ${keyOf(path)}) words="${words.join(" ")}" ;;`;
  });
  return [
    ...(shell === "zsh" ? ["autoload -U +X bashcompinit && bashcompinit"] : []),
    "_plimsoll() {",
    `  local current="\${COMP_WORDS[COMP_CWORD]}" way="" words="" word`,
    `  for word in "\${COMP_WORDS[@]:1:COMP_CWORD-1}"; do`,
    `    case "$way/$word" in ${ways.join("|")}) way="$way/$word" ;; esac`,
    "  done",
    '  case "$way" in',
    ...lines,
    "  esac",
    '  COMPREPLY=($(compgen -W "$words" -- "$current"))',
    "}",
    "complete -o default -F _plimsoll plimsoll",
    "",
  ].join("\n");
}

function fish(places: readonly Place[]): string {
  const quoted = (text: string): string => `'${text.replace(/[\\']/g, "\\$&")}'`;
  return places
    .flatMap(({ path, commands, options }) => {
      const names = commands.map((each) => each.name()).join(" ");
      const inside = path.map((name) => `__fish_seen_subcommand_from ${name}`);
      const here =
        path.length === 0 ? ["__fish_use_subcommand"] : [...inside, ...(names === "" ? [] : [`not __fish_seen_subcommand_from ${names}`])];
      const when = quoted(here.join("; and "));
      return [
        ...commands.map((each) => `complete -c plimsoll -f -n ${when} -a ${each.name()} -d ${quoted(each.description())}`),
        ...options.map(({ flag, description }) => `complete -c plimsoll -n ${when} -l ${flag.slice(2)} -d ${quoted(description)}`),
      ];
    })
    .join("\n")
    .concat("\n");
}
