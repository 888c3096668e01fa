package main

import (
	"context"
	"fmt"
)

// completions are scripts by which a shell asks pinkstar itself what may come
// next: commands and flags are completed as this binary has them.
var completions = map[string]string{
	"bash": `_pinkstar() {
    local words=("${COMP_WORDS[@]:1:$COMP_CWORD}")
    COMPREPLY=( $(compgen -W "$("${COMP_WORDS[0]}" --completion-bash "${words[@]}" 2>/dev/null)" -- "${COMP_WORDS[COMP_CWORD]}") )
}
complete -o default -F _pinkstar pinkstar
`,
	"zsh": `#compdef pinkstar
_pinkstar() {
    local -a found
    found=( ${(f)"$("${words[1]}" --completion-bash "${(@)words[2,$CURRENT]}" 2>/dev/null)"} )
    if (( ${#found} )); then compadd -- "${found[@]}"; else _files; fi
}
compdef _pinkstar pinkstar
`,
	"fish": `function __pinkstar_complete
    set -l words (commandline -opc) (commandline -ct)
    $words[1] --completion-bash $words[2..-1] 2>/dev/null
end
complete -c pinkstar -a '(__pinkstar_complete)'
`,
}

func (c *cli) addCompletion() {
	clause := c.app.Command("completion", "Print what makes a shell complete pinkstar's commands and flags: source <(pinkstar completion bash), the same for zsh, pinkstar completion fish | source.")
	shell := clause.Arg("shell", "bash, zsh or fish").Required().Enum("bash", "zsh", "fish")
	c.on(clause, func(_ context.Context, w world) error {
		_, err := fmt.Fprint(w.out, completions[*shell])
		return err
	})
}
