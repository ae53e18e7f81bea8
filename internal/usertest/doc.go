// Package usertest tests the module as a user meets it: from a module proxy,
// in a module of his own, with nothing but the go command.
//
// The proxy is a folder: this module packed as a release, and the download part
// of the module cache for what it requires. So the tests need no network, and
// see what a release would contain, not the checkout.
package usertest
