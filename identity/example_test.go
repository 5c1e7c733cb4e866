package identity_test

import (
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"time"

	"github.com/syncward/syncward/identity"
)

// An upstream in Go trusts the JWKS of Syncward's admin side and reads who is
// connected from the context.
func ExampleVerifier_Middleware() {
	signer, _ := identity.NewSigner(identity.SignerOptions{Key: identity.GenerateKey()}) // in Syncward

	keys, err := identity.ParseJWKS(signer.JWKS()) // fetched from /.well-known/jwks.json
	if err != nil {
		fmt.Println(err)
		return
	}
	verifier := &identity.Verifier{Keys: keys, Issuer: "syncward", Audience: "sync-upstream", RequireSingleUse: true}
	upstream := httptest.NewServer(verifier.Middleware(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		claims, _ := identity.FromContext(r.Context())
		fmt.Fprintf(w, "%s (%s) opens %s", claims.UserID, claims.Status, claims.InstanceID)
	})))
	defer upstream.Close()

	request, _ := http.NewRequest("GET", upstream.URL+"/sync", nil) // what Syncward sends
	headers, _ := signer.Headers(
		identity.Identity{UserID: "alice", ConnectionID: "c-1", InstanceID: "notes", Status: "valid"},
		identity.Request{Method: "GET", Target: "/sync"}, time.Now())
	for _, h := range headers {
		request.Header.Set(h.Name, h.Value)
	}
	for range 2 { // the second is a replay
		response, err := http.DefaultClient.Do(request)
		if err != nil {
			fmt.Println(err)
			return
		}
		body, _ := io.ReadAll(response.Body)
		response.Body.Close()
		fmt.Println(response.StatusCode, string(body))
	}
	// Output:
	// 200 alice (valid) opens notes
	// 401 identity refused
}
