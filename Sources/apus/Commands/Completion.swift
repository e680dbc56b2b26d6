import ArgumentParser

/// Completion for shells.
struct Completion: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Print the completion script of a shell.",
        discussion: """
            Examples:
              source <(apus completion bash)
              apus completion zsh > "${fpath[1]}/_apus"
              apus completion fish > ~/.config/fish/completions/apus.fish
            """)

    enum Shell: String, ExpressibleByArgument, CaseIterable { case bash, zsh, fish }

    @Argument(help: "bash, zsh or fish.") var shell: Shell

    func run() {
        let known: CompletionShell =
            switch shell {
            case .bash: .bash
            case .zsh: .zsh
            case .fish: .fish
            }
        print(Apus.completionScript(for: known))
    }
}
