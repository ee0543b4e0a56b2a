// Holds Tasks against Tekton's own rules: strictly read, with its defaults, by the validation of its admission webhook.
//
//	tekton-validate FILE…
package main

import (
	"context"
	"errors"
	"fmt"
	"os"

	v1 "github.com/tektoncd/pipeline/pkg/apis/pipeline/v1"
	"sigs.k8s.io/yaml"
)

func main() {
	failed := false
	for _, path := range os.Args[1:] {
		if err := validate(path); err != nil {
			fmt.Printf("%s: %v\n", path, err)
			failed = true
		}
	}
	if failed {
		os.Exit(1)
	}
}

func validate(path string) error {
	text, err := os.ReadFile(path)
	if err != nil {
		return err
	}
	task := &v1.Task{}
	// An API server takes no unknown field either, when it is asked to be strict.
	if err := yaml.UnmarshalStrict(text, task); err != nil {
		return err
	}
	if task.APIVersion != "tekton.dev/v1" || task.Kind != "Task" {
		return errors.New("not a Task of tekton.dev/v1")
	}
	ctx := context.Background()
	task.SetDefaults(ctx)
	if refused := task.Validate(ctx); refused != nil {
		return refused
	}
	return nil
}
